//! The partners' pages: everything that an admin does with a partner, in a browser, and the second admin's decision.

use crate::support::admin::{Admin, PASSWORD};
use crate::support::browser::Page;
use crate::support::{RETURN_URL, TestApp, certificates};
use serde_json::json;
use smartpay::crypto::signing::SigningKey;
use smartpay::flow::four_eyes::Change;
use smartpay::store::admins::Role;
use smartpay::store::partner_certificates::{self, StoredCertificate};
use std::time::Duration;

/// The first admin proposes, the second one decides.
struct Two {
    app: TestApp,
    maria: Admin,
    dan: Admin,
}

impl Two {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let maria = Admin::of_role(&app, Role::Administrator).await;
        let dan = Admin::of_role(&app, Role::Operations).await;
        Self { app, maria, dan }
    }

    async fn page_of(&self, id: &str) -> Page {
        self.maria.get(&self.maria.at(&format!("back-office/partners/{id}"))).await
    }

    /// The second admin opens the one proposal that waits.
    async fn proposal(&self, admin: &Admin) -> Page {
        let list = admin.get(&admin.at("back-office/proposals")).await;
        admin.get(&list.link("tbody a")).await
    }

    async fn approve(&self) -> Page {
        let page = self.proposal(&self.dan).await;
        let decided = self.dan.submit(&page.form("/approve")).await;
        self.dan.follow(&decided).await
    }
}

/// Insists on a text of a page, whatever its status.
fn reads(page: &Page, words: &str) {
    assert!(page.text().contains(words), "{words}: {}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_new_partner_to_its_first_payment() {
    let two = Two::start().await;
    let (app, maria) = (&two.app, &two.maria);
    let empty = maria.get(&maria.at("back-office/partners/new")).await;
    let form = empty
        .form("/partners/new")
        .with("client_id", "stranger")
        .with("name", "Necunoscut <b>SRL")
        .with("kind", "ecommerce")
        .with("currency", "RON")
        .with("colour", "#0A5C36");
    for (field, value, anchor) in [
        ("client_id", "a b", "#client_id"),
        ("client_id", "shop", "#client_id"),
        ("name", " ", "#name"),
        ("kind", "casino", "#kind"),
        ("currency", "USD", "#kind"),
        ("colour", "red", "#colour"),
    ] {
        let wrong = maria.submit(&form.clone().with(field, value)).await;
        assert_eq!(wrong.status, 422, "{field} {value}");
        assert!(wrong.has(&format!("[role=alert] a[href='{anchor}']")), "{field} {value}");
        assert!(wrong.body.contains("#0A5C36") || field == "colour", "what was typed is kept");
    }
    assert_eq!(maria.submit(&form.clone().with("csrf", "forged")).await.status, 403);
    let added = maria.follow(&maria.submit(&form).await).await;
    added.says("inactiv").says("neîncepută").says("Niciun certificat");
    assert!(!added.body.contains("<b>SRL"), "hostile text is escaped");
    let id = app.partner_id("stranger").await;

    let refused = maria.submit(&added.form("/activation")).await;
    assert_eq!(refused.status, 422);
    for words in ["nevoie de un certificat", "adresă de întoarcere", "cunoașterea clientelei"] {
        reads(&refused, words);
    }

    // The certificate is read and shown before it is proposed.
    let nonsense = maria.upload(&added.form("/certificates/read"), b"nonsense").await;
    assert_eq!(nonsense.status, 422);
    reads(&nonsense, "nu conține un certificat X.509");
    let read = maria
        .upload(&added.form("/certificates/read"), certificates::pem("stranger.pem"))
        .await;
    read.says("stranger")
        .says("development CA")
        .says("EC 256")
        .says("Certificatul citit");
    let proposed = maria.follow(&maria.submit(&read.form("/certificates")).await).await;
    proposed.says("Propunerea așteaptă decizia altui administrator");
    let own = two.proposal(maria).await;
    own.says("Ai propus-o chiar tu");
    assert!(!own.has("form[action$='/approve']"));
    let other = two.proposal(&two.dan).await;
    other.says("nimic").says("EC 256").says("administrator");
    two.dan.home().await.says("Te așteaptă").says("certificat nou: Necunoscut");
    two.approve().await.says("Hotărârea a fost dusă la capăt").says("aprobată");

    let urls = two.page_of(&id).await.form("/redirect-urls");
    let wrong = maria.submit(&urls.clone().with("urls", "https://ok.example/\nnu e adresă")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.form("/redirect-urls").value("urls").contains("nu e adresă"));
    maria.submit(&urls.with("urls", RETURN_URL)).await;
    two.approve().await;
    app.onboard("stranger").await;
    maria.submit(&two.page_of(&id).await.form("/activation")).await;
    two.approve().await;
    app.partner("stranger").start(json!({})).await;
    two.page_of(&id).await.says("activ").says("completă");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_signed_requests_are_proposed_shown_and_hold() {
    let two = Two::start().await;
    let (app, maria) = (&two.app, &two.maria);
    let shop = app.partner_id("shop").await;
    let form = two.page_of(&shop).await.form("/signatures");
    let key = SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap();
    let pasted = json!({ "keys": [key.public().jwk("shop-2026")] }).to_string();
    for (keys, required, words) in [
        ("nicio cheie", "", "Cheile nu pot fi citite"),
        ("", "yes", "este nevoie de o cheie"),
        ("", "", "Nu ar schimba nimic"),
    ] {
        let wrong = maria.submit(&form.clone().with("keys", keys).with("required", required)).await;
        assert_eq!(wrong.status, 422, "{keys}");
        assert!(wrong.has("[role=alert] a[href='#signature_keys']"));
        reads(&wrong, words);
        assert_eq!(wrong.form("/signatures").value("keys"), keys, "what was typed is kept");
    }
    assert_eq!(maria.submit(&form.clone().with("csrf", "forged")).await.status, 403);
    let proposed = maria
        .follow(&maria.submit(&form.with("keys", &pasted).with("required", "yes")).await)
        .await;
    proposed.says("Propunerea așteaptă decizia altui administrator");
    assert_eq!(app.shop().token().await.status, 200, "nothing has changed yet");
    let other = two.proposal(&two.dan).await;
    other
        .says("shop-2026")
        .says(key.kid())
        .says("cererile trebuie semnate")
        .says("semnarea cererilor");
    two.approve().await.says("Hotărârea a fost dusă la capăt");
    two.page_of(&shop)
        .await
        .says("Semnătura este obligatorie")
        .says("shop-2026")
        .says(key.kid())
        .says("ecdsa-p256-sha256");
    assert_eq!(app.shop().token().await.text("messageStatus"), "SIGNATURE_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_proposed_shown_side_by_side_and_hold() {
    let two = Two::start().await;
    let (app, maria) = (&two.app, &two.maria);
    let shop = app.partner_id("shop").await;
    let form = two.page_of(&shop).await.form("/limits");
    for (field, value) in [
        ("maximum_amount", "1.234"),
        ("payments_per_day", "0"),
        ("client_per_day", "trei"),
        ("average_amount", "-1"),
    ] {
        let wrong = maria.submit(&form.clone().with(field, value)).await;
        assert_eq!(wrong.status, 422, "{field} {value}");
        assert_eq!(wrong.form("/limits").value(field), value, "what was typed is kept");
    }
    let form = form
        .with("maximum_amount", "100,00")
        .with("maximum_amount_action", "block")
        .with("payments_per_day", "500");
    maria.submit(&form).await;
    let proposal = two.proposal(&two.dan).await;
    assert_eq!(proposal.part("[aria-labelledby=before]"), "Acumnimic");
    proposal
        .says("Suma maximă a unei plăți: 100,00 RON (oprește)")
        .says("Plăți pe zi: 500 (avertizează)");
    let refused = two.dan.submit(&proposal.form("/refuse").with("reason", "nu")).await;
    assert_eq!(refused.status, 422);
    two.approve().await;
    let shop_calls = app.shop();
    let answer = shop_calls
        .init(&shop_calls.tokens().await, &crate::support::partner::an_order())
        .await;
    assert_eq!(answer.status, 422);
    shop_calls.start(json!({ "amount": "100.00" })).await;
    let page = two.page_of(&shop).await;
    page.says("(Azi: 1)");
    assert_eq!(page.form("/limits").value("maximum_amount"), "100.00");
    // Refused with a reason: nothing changes, and the reason stays.
    maria.submit(&page.form("/limits").with("payments_per_day", "5")).await;
    let waits = two.proposal(&two.dan).await;
    let reason = "Partenerul nu a cerut asta.";
    let decided = two.dan.submit(&waits.form("/refuse").with("reason", reason)).await;
    two.dan.follow(&decided).await.says("refuzată").says(reason);
    assert_eq!(two.page_of(&shop).await.form("/limits").value("payments_per_day"), "500");
    two.dan
        .get(&two.dan.at("back-office/proposals"))
        .await
        .says("Nicio propunere nu așteaptă");
}

#[tokio::test(flavor = "multi_thread")]
async fn colour_and_logo_are_tried_before_payers_see_them() {
    let two = Two::start().await;
    let (app, maria) = (&two.app, &two.maria);
    let shop = app.partner_id("shop").await;
    let page = two.page_of(&shop).await;
    page.says("textul de pe butoane").says("Fără siglă");
    let tried = maria.submit(&page.form("/profile").with("colour", "#ffcc00")).await;
    let profile = tried.leads_to();
    assert!(profile.path().ends_with(&shop), "saved: {profile}");
    let mut form = two.page_of(&shop).await.form("/profile").with("colour", "#aa0055");
    form.action = maria.at(&format!("back-office/partners/{shop}/preview"));
    let preview = maria.follow(&maria.submit(&form).await).await;
    assert_eq!(preview.status, 200);
    preview.says("Comanda 4711").says("123,45 RON").says("Partener shop");
    let style = preview
        .links("link[rel=stylesheet]")
        .into_iter()
        .find(|l| l.path().ends_with("/preview.css"))
        .unwrap();
    assert!(maria.get(&style).await.body.contains("--brand:#aa0055"));
    let before = app.cx.db.read(|a| smartpay::store::payments::newest(a, 10)).await.unwrap();
    let pay = maria.submit(&preview.form("/preview")).await;
    assert!(pay.status >= 300, "{}", pay.status);
    assert_eq!(app.cx.db.read(|a| smartpay::store::payments::newest(a, 10)).await.unwrap(), before);
    assert!(app.bank.orders().is_empty());

    let upload = two.page_of(&shop).await.form("/logo");
    let wrong = maria
        .upload(&upload, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
        .await;
    assert_eq!(wrong.status, 422);
    reads(&wrong, "trebuie să fie o imagine PNG sau JPEG");
    let png = include_bytes!("../../static/demo/shop-logo.png");
    assert_eq!(maria.upload(&upload.clone().with("csrf", "forged"), png).await.status, 403);
    maria.follow(&maria.upload(&upload, png).await).await.says("Salvat");
    let logo = app.psu().get(&app.public(&format!("partner/{shop}/logo"))).await;
    assert_eq!(logo.headers["content-type"], "image/png");
    assert!(maria.upload(&upload, &vec![0; 2_000_000]).await.status >= 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_about_to_end_is_warned_of() {
    let two = Two::start().await;
    let (app, maria) = (&two.app, &two.maria);
    let shop = app.partner_id("shop").await;
    let page = two.page_of(&shop).await;
    page.says("necunoscut (numit la înscriere)");
    let read = maria
        .upload(&page.form("/certificates/read"), certificates::pem("shop-next.pem"))
        .await;
    maria.submit(&read.form("/certificates")).await;
    two.approve().await;
    let list = maria.at("back-office/partners");
    assert!(!maria.get(&list).await.text().contains("se termină în"));
    let now = app.cx.now();
    let ending = |days: i64, name: &str| StoredCertificate {
        sha256: name.repeat(64),
        partner_id: shop.clone(),
        subject: format!("CN=sfarsit-{name}"),
        issuer: "CN=CA".into(),
        key_kind: "EC 256".into(),
        not_before: now,
        not_after: now + chrono::Duration::days(days) + chrono::Duration::hours(1),
        added_at: now,
        removed_at: None,
    };
    for (days, name, words) in [
        (60, "a", None),
        (59, "b", Some("se termină în 59 de zile")),
        (6, "c", Some("se termină în 6 zile")),
        (-1, "d", Some("a expirat")),
    ] {
        let certificate = ending(days, name);
        app.cx.db.write(move |a| partner_certificates::add(a, &certificate)).await.unwrap();
        let page = maria.get(&list).await;
        let subject = format!("CN=sfarsit-{name}");
        assert_eq!(page.text().contains(&subject), words.is_some(), "{name}");
        if let Some(words) = words {
            page.says("Certificate care se termină").says(words);
            two.page_of(&shop).await.says(words);
        }
    }
    assert!(maria.get(&list).await.has(".warning .alarm"));
    // The operator is written to, once a step, and not of the one that has 60 days left.
    for _ in 0..3 {
        app.tick().await;
    }
    let mut mails: Vec<String> = app.mails.all().into_iter().map(|m| m.message_id).collect();
    mails.sort();
    let steps = [("b", 60), ("c", 7), ("d", 7)].map(|(name, step)| format!("certificate.{}.{step}@smartpay.example", name.repeat(64)));
    assert_eq!(mails, steps);
    assert!(
        app.mails
            .all()
            .iter()
            .all(|m| m.to == "ajutor@smartpay.example" && m.text.contains("CN=sfarsit-"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_sees_no_forms() {
    let two = Two::start().await;
    let shop = two.app.partner_id("shop").await;
    let reader = Admin::of_role(&two.app, Role::ReadOnly).await;
    let page = reader.get(&reader.at(&format!("back-office/partners/{shop}"))).await;
    page.says("Partener shop").says(RETURN_URL);
    assert!(!page.has("main form"), "{}", page.text());
    for id in ["nobody", "0", "%00", "..", "x'"] {
        let nobody = reader.get(&reader.at(&format!("back-office/partners/{id}"))).await;
        assert!(nobody.status == 404 || id == "..", "{id}: {}", nobody.status);
        let nothing = reader.get(&reader.at(&format!("back-office/proposals/{id}"))).await;
        assert!(nothing.status == 404 || id == "..", "{id}: {}", nothing.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matters_needs_a_proof_of_the_last_minutes_and_loses_nothing_that_was_typed() {
    const MINUTE: Duration = Duration::from_secs(60);
    let two = Two::start().await;
    let (app, maria) = (&two.app, &two.maria);
    let shop = app.partner_id("shop").await;
    let page = two.page_of(&shop).await;
    // It was started on the command line: nothing was ever asked of it.
    page.says("neîncepută").says("activ fără un dosar complet");
    maria.get(&maria.at("back-office/partners")).await.says("fără dosar complet");
    assert!(!page.has("#confirm"));
    app.advance(4 * MINUTE);
    two.page_of(&shop).await;
    two.dan.home().await;
    app.advance(2 * MINUTE);
    let late = two.page_of(&shop).await;
    assert!(late.has("#confirm"));
    let refused = maria.submit(&late.form("/limits").with("payments_per_day", "77")).await;
    assert_eq!((refused.status, refused.form("/limits").value("payments_per_day")), (403, "77"));
    reads(&refused, "Confirmă întâi că ești tu");
    let waiting = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM proposals";
    assert_eq!(app.database.lines(waiting), ["0"]);
    let confirm = maria.get(&refused.link("#confirm")).await;
    let proved = maria.submit(&confirm.form("/confirm").with("password", PASSWORD)).await;
    assert!(proved.leads_to().path().ends_with(&shop));
    // The page that stayed open is sent again as it is.
    maria
        .follow(&maria.submit(&refused.form("/limits")).await)
        .await
        .says("Propunerea așteaptă");
    assert_eq!(app.database.lines(waiting), ["1"]);
    // What was active by an operator's word is not activated again without a file.
    app.carry_out(Change::Activation {
        partner: shop.clone(),
        active: false,
    })
    .await;
    let refused = maria.submit(&two.page_of(&shop).await.form("/activation")).await;
    reads(&refused, "cunoașterea clientelei trebuie să fie completă");
    deciding_needs_one_too(&two).await;
}

/// The second admin has not proved anything for six minutes.
async fn deciding_needs_one_too(two: &Two) {
    const MINUTE: Duration = Duration::from_secs(60);
    let (app, dan) = (&two.app, &two.dan);
    let page = two.proposal(dan).await;
    assert!(page.has("#confirm") && !page.has("form[action$='/approve']"));
    let prove = async |page: &Page| {
        let confirm = dan.get(&page.link("#confirm")).await;
        dan.follow(&dan.submit(&confirm.form("/confirm").with("password", PASSWORD)).await)
            .await
    };
    let kept_open = prove(&page).await.form("/approve");
    app.advance(4 * MINUTE);
    two.maria.home().await;
    dan.home().await;
    app.advance(2 * MINUTE);
    let refused = dan.submit(&kept_open).await;
    assert_eq!(refused.status, 403);
    reads(&refused, "Aprobarea cere o confirmare");
    let open = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM proposals WHERE state = 'open'";
    assert_eq!(app.database.lines(open), ["1"]);
    prove(&refused).await;
    dan.follow(&dan.submit(&kept_open).await)
        .await
        .says("Hotărârea a fost dusă la capăt");
}
