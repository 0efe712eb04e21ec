//! Partners' files in the back office: entered on pages that lose nothing, read by compliance and administrators only.

use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD};
use crate::support::browser::Page;
use crate::support::onboarding::{COMPANY_NAME, OWNER_CNP, Typed, company, owner, pdf};
use serde_json::json;
use smartpay::store::admins::Role;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn path(id: &str, rest: &str) -> String {
    format!("back-office/partners/{id}/onboarding{rest}")
}

/// Fills in a section's form and sends it.
async fn fill_in(admin: &Admin, id: &str, section: &str, typed: &Typed) -> Page {
    let page = admin.get(&admin.at(&path(id, &format!("/edit/{section}")))).await;
    let form = typed
        .iter()
        .fold(page.form(&format!("/edit/{section}")), |form, (name, value)| form.with(name, value));
    admin.submit(&form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_filled_in_page_by_page_and_a_wrong_field_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let id = app.partner_id("shop").await;
    let officer = Admin::of_role(&app, Role::Compliance).await;
    let list = officer.get(&officer.at("back-office/onboarding")).await;
    list.says("Partener shop").says("neînceput");
    let file = officer.get(&officer.at(&path(&id, ""))).await;
    file.says("Cine este partenerul").says("Document: actul constitutiv");

    let mut wrong = company();
    wrong.retain(|(name, _)| *name != "company_code");
    wrong.push(("company_code", "14399841".into()));
    let refused = fill_in(&officer, &id, "company", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("cifra de control nu se potrivește") && refused.has("#company_code[aria-invalid=true]"));
    assert_eq!(
        (refused.value_of("#company_code"), refused.value_of("#name")),
        ("14399841".into(), COMPANY_NAME.into())
    );
    assert_eq!(refused.part("#seat"), "Str. Canarului 81, Brașov");
    assert_eq!(refused.part("#legal_form option[selected]"), "SRL");
    // Mended on the page that came back.
    let saved = officer
        .submit(
            &refused
                .form("/edit/company")
                .with("company_code", "14399840")
                .with("legal_form", "srl"),
        )
        .await;
    officer
        .follow(&saved)
        .await
        .says("Modificarea a fost salvată")
        .says(COMPANY_NAME)
        .says("SRL");
    officer
        .follow(&fill_in(&officer, &id, "owner", &owner()).await)
        .await
        .says(OWNER_CNP);

    // A second owner, changed and taken out again.
    officer.follow(&fill_in(&officer, &id, "owner", &owner()).await).await;
    let edit = officer.get(&officer.at(&path(&id, "/edit/owner?number=2"))).await;
    assert_eq!(edit.value_of("#cnp"), OWNER_CNP);
    let saved = officer
        .submit(
            &edit
                .form("/edit/owner?number=2")
                .with("name", "Altă Ană")
                .with("control", "shares")
                .with("pep", "no"),
        )
        .await;
    let file = officer.follow(&saved).await;
    file.says("Altă Ană");
    let out = file.form("/take-out").with("number", "2");
    let file = officer.follow(&officer.submit(&out).await).await;
    assert!(!file.text().contains("Altă Ană"));
    assert_eq!(officer.submit(&out).await.status, 422, "the page is old by now");

    let history = officer.get(&officer.at(&path(&id, "/history"))).await;
    history.says("Beneficiar real 2: Nume").says("Altă Ană").says("compliance");
    shows_what_stood_on_a_day(&app, &id).await;
}

async fn shows_what_stood_on_a_day(app: &TestApp, id: &str) {
    app.advance(DAY * 3);
    let officer = Admin::of_role(app, Role::Compliance).await;
    let today = app.today();
    let before = (today - chrono::Days::new(9)).to_string();
    officer
        .get(&officer.at(&path(id, &format!("/history?on={before}"))))
        .await
        .says("La acea dată dosarul nu exista");
    officer
        .get(&officer.at(&path(id, &format!("/history?on={today}"))))
        .await
        .says("Dosarul la sfârșitul zilei")
        .says("J40/1234/2020");
    officer
        .get(&officer.at(&path(id, "/history?on=ieri")))
        .await
        .says("Scrie data ca AAAA-LL-ZZ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_old_or_forged_changes_nothing_and_comes_back_filled_in() {
    let app = TestApp::start().await;
    let id = app.partner_id("shop").await;
    let officer = Admin::of_role(&app, Role::Compliance).await;
    let page = officer.get(&officer.at(&path(&id, "/edit/company"))).await;
    let form = company()
        .iter()
        .fold(page.form("/edit/company"), |form, (name, value)| form.with(name, value));
    let forged = officer.submit(&form.clone().with("csrf", "forged")).await;
    assert_eq!((forged.status, forged.value_of("#name")), (403, COMPANY_NAME.to_owned()));
    officer.submit(&form).await.leads_to();
    let late = officer.submit(&form.with("caen", "6201")).await;
    assert!(
        late.status == 422 && late.text().contains("Altcineva a schimbat dosarul"),
        "{}",
        late.text()
    );
    assert_eq!(late.value_of("#caen"), "6201");
    officer
        .submit(&late.form("/edit/company").with("legal_form", "srl"))
        .await
        .leads_to();
    officer.get(&officer.at(&path(&id, ""))).await.says("6201");
    for wrong in ["/edit/nimic", "/edit/owner?number=7", "/documents/nimic"] {
        assert_eq!(officer.get(&officer.at(&path(&id, wrong))).await.status, 404, "{wrong}");
    }
    assert_eq!(officer.get(&officer.at(&path("nimic", ""))).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_go_up_and_come_down_as_they_are_and_only_for_those_who_may() {
    let app = TestApp::start().await;
    let id = app.partner_id("shop").await;
    let officer = Admin::of_role(&app, Role::Compliance).await;
    let form = officer
        .get(&officer.at(&path(&id, "")))
        .await
        .form("/documents")
        .with("kind", "articles");
    let sent = officer.submit_file(&form, "file", "Act constitutiv ș.pdf", &pdf()).await;
    let file = officer.follow(&sent).await;
    file.says("Act constitutiv ș.pdf").says("compliance");
    let link = file.link("a[download]");
    let down = officer.get(&link).await;
    assert!(down.body.as_bytes().starts_with(b"%PDF-1.7"));
    assert_eq!(down.headers["content-type"], "application/pdf");
    assert_eq!(down.headers["x-content-type-options"], "nosniff");
    let named = down.headers["content-disposition"].to_str().unwrap();
    assert!(
        named.starts_with("attachment") && named.contains("UTF-8''Act%20constitutiv%20%C8%99.pdf"),
        "{named}"
    );
    assert!(down.headers["cache-control"].to_str().unwrap().contains("no-store"));
    let read = "SELECT COALESCE(subject, '') AS line FROM audit WHERE action = 'onboarding_document_read'";
    assert_eq!(app.database.lines(read), std::slice::from_ref(&id));

    let mut huge = pdf();
    huge.resize(10 * 1024 * 1024 + 1, b' ');
    for (name, content, says) in [
        ("act.pdf", b"<html>nu e pdf</html>".to_vec(), "nu este PDF, PNG sau JPEG"),
        ("gol.pdf", Vec::new(), "Completează câmpul"),
        ("mare.pdf", huge, "mai mare de 10 MB"),
    ] {
        let refused = officer.submit_file(&form, "file", name, &content).await;
        assert!(
            refused.status == 422 && refused.text().contains(says),
            "{name}: {} {}",
            refused.status,
            refused.text()
        );
    }
    let forged = officer
        .submit_file(&form.clone().with("csrf", "forged"), "file", "act.pdf", &pdf())
        .await;
    assert_eq!(forged.status, 403);
    for role in [Role::Operations, Role::Support, Role::ReadOnly] {
        let other = Admin::of_role(&app, role).await;
        for address in [officer.at(&path(&id, "")), link.clone(), officer.at("back-office/onboarding")] {
            let page = other.get(&address).await;
            assert!(page.status == 403 && !page.body.contains("%PDF"), "{role:?} {address}");
        }
    }
    assert_eq!(app.database.lines(read).len(), 1, "whoever was refused has read nothing");

    let remove = file.form("/remove");
    let refused = officer.submit(&remove.clone().with("reason", "scurt")).await;
    assert!(refused.status == 422 && refused.body.contains("scurt"));
    officer
        .follow(&officer.submit(&remove.with("reason", "încărcat din greșeală")).await)
        .await
        .says("încărcat din greșeală");
    assert_eq!(officer.get(&link).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_who_must_be_renewed_and_a_relation_ends_with_a_reason() {
    let app = TestApp::start().await;
    // At noon a day is a day, whatever is done to the clocks in spring and autumn.
    let since_noon = (app.cx.now() - app.cx.now().date().and_hms_opt(12, 0, 0).unwrap()).num_seconds();
    app.advance(Duration::from_secs((86_400 - since_noon).try_into().unwrap()));
    let id = app.onboard("shop").await;
    app.advance(DAY * 340);
    let officer = Admin::of_role(&app, Role::Compliance).await;
    officer.get(&officer.at("back-office/onboarding")).await.says("25 zile");
    officer.home().await.says("reînnoirea dosarului").says("mai sunt 25 de zile");
    let file = officer.get(&officer.at(&path(&id, ""))).await;
    file.says("Nu lipsește nimic");
    officer
        .follow(&officer.submit(&file.form("/renew")).await)
        .await
        .says("reînnoit pentru un an");
    officer
        .get(&officer.at("back-office/onboarding"))
        .await
        .says("Niciun dosar nu trebuie reînnoit");
    assert_eq!(officer.submit(&file.form("/renew")).await.status, 422, "the page is old by now");
    let end = file.form("/end");
    let refused = officer.submit(&end.clone().with("reason", "gata")).await;
    assert!(refused.status == 422 && refused.part("#end-reason") == "gata");
    let ended = officer
        .follow(&officer.submit(&end.with("reason", "contract încetat prin acord")).await)
        .await;
    ended
        .says("Relația s-a încheiat la")
        .says("contract încetat prin acord")
        .says("Dosarul se păstrează până la");
    assert!(!ended.has("form[action$='/documents']") && !ended.has("form[action$='/end']"));
    assert!([401, 403].contains(&app.shop().token().await.status));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payers_request_is_entered_followed_and_fetched() {
    const EMAIL: &str = "platitor.canar@payer.example";
    let app = TestApp::start().await;
    let payment = app
        .shop()
        .start(json!({ "psuEmail": EMAIL, "amount": "12.00" }))
        .await
        .tokens
        .payment;
    app.let_pass(4, Duration::from_secs(20 * 60)).await;
    let officer = Admin::of_role(&app, Role::Compliance).await;
    let page = officer.get(&officer.at("back-office/personal-data")).await;
    page.says("Nicio cerere").says("Încă nu s-a șters nimic");
    let form = page.form("/requests");
    let refused = officer.submit(&form.clone().with("email", EMAIL)).await;
    assert!(refused.status == 422 && refused.value_of("#email") == EMAIL && refused.text().contains("Alege ce cere"));
    for (kind, email, csrf, status) in [
        ("export", "nimic", None, 422),
        ("erasure", EMAIL, None, 422),
        ("export", EMAIL, Some("forged"), 403),
    ] {
        let wrong = form.clone().with("kind", kind).with("email", email);
        let wrong = csrf.map_or(wrong.clone(), |csrf| wrong.with("csrf", csrf));
        assert_eq!(officer.submit(&wrong).await.status, status, "{kind} {email}");
    }
    let sent = officer.submit(&form.clone().with("kind", "export").with("email", EMAIL)).await;
    let shown = officer.follow(&sent).await;
    shown.says("se caută").says("Plăți deschise0");
    let link = sent.leads_to();
    app.tick().await;
    let shown = officer.get(&link).await;
    shown.says("gata").says(&payment.to_string());
    let data = officer.get(&shown.link("a[download]")).await;
    assert!(data.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let json: serde_json::Value = serde_json::from_str(&data.body).unwrap();
    assert_eq!(
        (json["about"]["email"].as_str(), json["payments"][0]["amount"].as_str()),
        (Some(EMAIL), Some("12.00"))
    );

    let sent = officer
        .submit(&form.with("kind", "erasure").with("email", EMAIL).with("understood", "yes"))
        .await;
    app.tick().await;
    officer.follow(&sent).await.says("datele personale au fost șterse");
    assert!(app.payment(payment).await.psu_email.is_none());
    let seen = app
        .database
        .lines("SELECT action AS line FROM audit WHERE action LIKE 'payer_%' ORDER BY seq");
    assert_eq!(
        seen,
        [
            "payer_export_requested",
            "payer_request_done",
            "payer_export_read",
            "payer_erasure_requested",
            "payer_request_done"
        ]
    );
    let support = Admin::of_role(&app, Role::Support).await;
    assert_eq!(support.get(&link).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_leaves_only_for_who_has_just_proved_to_be_there() {
    const MINUTE: Duration = Duration::from_secs(60);
    let app = TestApp::start().await;
    let id = app.onboard("shop").await;
    let officer = Admin::of_role(&app, Role::Compliance).await;
    app.advance(4 * MINUTE);
    let link = officer.get(&officer.at(&path(&id, ""))).await.link("a[download]");
    app.advance(2 * MINUTE);
    let asked = officer.get(&link).await;
    assert!(asked.leads_to().path().ends_with("/confirm") && !asked.body.contains("%PDF"));
    let read = "SELECT COALESCE(subject, '') AS line FROM audit WHERE action = 'onboarding_document_read'";
    assert_eq!(app.database.lines(read), [] as [String; 0]);
    let confirm = officer.follow(&asked).await;
    let proved = officer.submit(&confirm.form("/confirm").with("password", PASSWORD)).await;
    assert_eq!(proved.leads_to(), link);
    assert!(officer.follow(&proved).await.body.starts_with("%PDF"));
    assert_eq!(app.database.lines(read).len(), 1);
}
