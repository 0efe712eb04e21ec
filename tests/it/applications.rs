//! A platform sends an application of a sub-merchant; compliance decides; an approved one is a partner like any other.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::onboarding::{owner, ownership, representative, risk};
use crate::support::partner::{Answer, Partner, with};
use reqwest::Method;
use serde_json::{Value, json};
use smartpay::flow::four_eyes::{Change, NewCertificate};
use smartpay::flow::{FlowError, retention};
use smartpay::partner::onboarding::Section;
use smartpay::store::admins::Role;
use smartpay::store::partners;
use std::time::Duration;

const CALL: &str = "/gateway/core/rest/api/clientActivation";
const OFFICER: &str = "[retention]\ncompliance_mail = \"ofiter@smartpay.example\"\n";
const DAY: Duration = Duration::from_secs(86_400);
const NAME: &str = "Canarul Galben 88 SRL";
const IBAN: &str = "RO66BACX0000001234567890";
const REASON: &str = "Nu se potrivește cu registrul comerțului.";

fn an_application() -> Value {
    json!({
        "externalClientId": "magazin-88",
        "requestedKind": "ecommerce",
        "legalForm": "srl",
        "name": NAME,
        "displayName": "Canarul Galben",
        "country": "RO",
        "registrationNumber": "RO14399840",
        "address": "Str. Canarului 88, Brașov",
        "activityCode": "4791",
        "iban": IBAN,
        "currency": "RON",
        "representative": { "name": "Ioana Canar", "email": "ioana@canarul.example", "phone": "+40 721 000 088" },
        "redirectURLs": [crate::support::RETURN_URL],
        "declaredFigures": { "maximumAmount": 5000, "averageAmount": "150.50", "paymentsPerDay": 200 },
        "contactEmail": "parteneri@platforma.example",
    })
}

async fn send(partner: &Partner, application: &Value) -> Answer {
    partner.send(partner.request(Method::POST, CALL).json(application)).await
}

async fn ask(partner: &Partner, id: &str) -> Answer {
    partner.send(partner.request(Method::GET, &format!("{CALL}/{id}"))).await
}

/// The ERP of the stories, as a platform.
async fn platform(app: &TestApp) -> Partner {
    let id = app.partner_id("erp").await;
    app.cx.db.write(move |a| partners::set_may_onboard(a, &id, true)).await.unwrap();
    app.erp()
}

fn missing(answer: &Answer) -> Vec<String> {
    let all = answer.json["missing"].as_array().unwrap();
    all.iter().map(|m| m["code"].as_str().unwrap().to_owned()).collect()
}

async fn officer(app: &TestApp) -> Admin {
    Admin::of_role(app, Role::Compliance).await
}

fn path(id: &str) -> String {
    format!("back-office/applications/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_platform_sends_one_and_the_same_again_is_the_same() {
    let app = TestApp::start_with(OFFICER).await;
    let erp = app.erp();
    let refused = send(&erp, &an_application()).await;
    assert_eq!((refused.status, refused.text("messageStatus")), (403, "NOT_A_PLATFORM"));
    assert_eq!(ask(&erp, "nimic").await.status, 403);
    let erp = platform(&app).await;
    let sent = send(&erp, &an_application()).await.good();
    assert_eq!((sent.text("applicationStatus"), missing(&sent).len()), ("RECEIVED", 0));
    let id = sent.text("applicationId").to_owned();
    // Spaces, an unknown field and another path change nothing of what is said.
    let again = with(an_application(), json!({ "iban": "RO66 BACX 0000 0012 3456 7890", "nou": 1 }));
    let request = erp.request(Method::POST, "/core/rest/api/core/clientActivation").json(&again);
    assert_eq!(erp.send(request).await.good().text("applicationId"), id);
    let other = send(&erp, &with(an_application(), json!({ "name": "Altul SRL" }))).await;
    assert_eq!((other.status, other.text("messageStatus")), (409, "OTHER_CONTENT"));
    assert_eq!(ask(&erp, &id).await.good().text("applicationId"), id);
    // Wrong fields are all named, and nothing is stored.
    let wrong = json!({ "externalClientId": "altul", "iban": "RO00", "representative": { "phone": "sună-mă" }, "registrationNumber": "RO14399841" });
    let wrong = send(&erp, &with(an_application(), wrong)).await;
    let fields: Vec<&str> = wrong.json["moreDetails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["field"].as_str().unwrap())
        .collect();
    assert_eq!(wrong.status, 400);
    for field in [
        "iban",
        "registrationNumber",
        "representative.name",
        "representative.email",
        "representative.phone",
    ] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    let count = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM applications";
    assert_eq!(app.database.lines(count), ["1"]);
    // Others find nothing, whatever they ask for.
    let shop_id = app.partner_id("shop").await;
    app.cx
        .db
        .write(move |a| partners::set_may_onboard(a, &shop_id, true))
        .await
        .unwrap();
    for id in [id.as_str(), "nimic", "..%2f", "%00", "00000000-0000-0000-0000-000000000000"] {
        let answer = ask(&app.shop(), id).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    for body in ["", "[]", "{", "{\"externalClientId\":[]}", "{\"representative\":{\"name\":{}}}"] {
        let request = erp
            .request(Method::POST, CALL)
            .header("Content-Type", "application/json")
            .body(body);
        assert_eq!(erp.send(request).await.status, 400, "{body}");
    }
    app.tick().await;
    let mails = app.mails.take();
    assert!(mails.len() == 1 && mails[0].to == "ofiter@smartpay.example" && mails[0].text.contains(&id));
    assert!(!mails[0].text.contains("Canar"), "a mail names no merchant");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_are_one() {
    let app = TestApp::start().await;
    let erp = platform(&app).await;
    let application = an_application();
    let all = futures_util::future::join_all((0..10).map(|_| send(&erp, &application))).await;
    let ids: std::collections::BTreeSet<String> = all.into_iter().map(|a| a.good().text("applicationId").to_owned()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_application_over_more_questions_to_the_first_payment() {
    let app = TestApp::start().await;
    let erp = platform(&app).await;
    let id = send(&erp, &an_application()).await.good().text("applicationId").to_owned();
    let officer = officer(&app).await;
    let list = officer.get(&officer.at("back-office/applications")).await;
    list.says(NAME).says("nouă").says("Partener erp");
    let page = officer.get(&officer.at(&path(&id))).await;
    page.says("RO66 BACX")
        .says("ioana@canarul.example")
        .says("Suma maximă a unei plăți: 5000.00");
    let taken = officer.follow(&officer.submit(&page.form("/take")).await).await;
    taken.says("în verificare");
    assert_eq!(ask(&erp, &id).await.good().text("applicationStatus"), "IN_REVIEW");

    // More is asked for; what the platform sends then takes the place of what it sent before.
    let short = officer.submit(&taken.form("/ask").with("text", "scurt")).await;
    assert!(short.status == 422 && short.part("#text") == "scurt");
    let question = "Trimite și numărul de la registrul comerțului.";
    officer
        .follow(&officer.submit(&taken.form("/ask").with("text", question)).await)
        .await
        .says("așteaptă completări");
    let asked = ask(&erp, &id).await.good();
    assert_eq!(
        (asked.text("applicationStatus"), missing(&asked)),
        ("MORE_INFORMATION", vec!["INFORMATION".to_owned()])
    );
    assert_eq!(asked.json["missing"][0]["message"], question);
    let more = with(an_application(), json!({ "tradeRegisterNumber": "J08/88/2020" }));
    let completed = send(&erp, &more).await.good();
    assert_eq!(
        (completed.text("applicationStatus"), completed.text("applicationId")),
        ("RECEIVED", id.as_str())
    );
    assert_eq!(officer.submit(&taken.form("/approve")).await.status, 422, "the page is old by now");

    // Approved: a partner that can do nothing yet.
    let page = officer.get(&officer.at(&path(&id))).await;
    let approve = page.form("/approve");
    assert_eq!(approve.value("client_id"), "erp.magazin-88");
    let taken = officer.submit(&approve.clone().with("client_id", "shop")).await;
    assert!(taken.status == 422 && taken.text().contains("Există deja un partener"));
    let done = officer.follow(&officer.submit(&approve.with("client_id", "stranger")).await).await;
    done.says("Partenerul a fost creat").says("aprobată");
    let approved = ask(&erp, &id).await.good();
    assert_eq!(
        (approved.text("applicationStatus"), approved.text("clientId")),
        ("APPROVED", "stranger")
    );
    assert_eq!(missing(&approved), ["ONBOARDING_FILE", "CERTIFICATE", "REDIRECT_URL", "ACTIVATION"]);
    assert_eq!(send(&erp, &more).await.good().text("applicationStatus"), "APPROVED");
    let partner = app.partner_id("stranger").await;
    complete_and_activate(&app, &partner).await;
    let ready = ask(&erp, &id).await.good();
    assert_eq!(missing(&ready), [] as [String; 0]);
    app.partner("stranger").start(json!({})).await;
    let page = officer.get(&officer.at(&format!("back-office/partners/{partner}"))).await;
    page.says("Venit prin").says("Partener erp").says("completă");
}

/// The file was begun, the return address and the figures are proposed; the rest goes the way of every partner.
async fn complete_and_activate(app: &TestApp, partner: &str) {
    let file = app.onboarded(partner).await;
    let company = file.file.file.section(Section::Company).unwrap();
    assert_eq!((company.get("name"), company.get("company_code")), (NAME, "RO14399840"));
    assert_eq!(
        file.file.file.section(Section::Representative).unwrap().get("email"),
        "ioana@canarul.example"
    );
    let activate = Change::Activation {
        partner: partner.into(),
        active: true,
    };
    assert!(matches!(app.propose(activate.clone()).await, Err(FlowError::Invalid(problems)) if problems.len() == 3));
    let mut whole: Vec<(&'static str, String)> = crate::support::onboarding::company();
    whole.retain(|(name, _)| *name != "name");
    whole.push(("name", NAME.into()));
    for (section, typed) in [
        (Section::Company, whole),
        (Section::Ownership, ownership()),
        (Section::Owner, owner()),
        (Section::Representative, representative(app)),
        (Section::Risk, risk(app)),
    ] {
        app.enter(partner, section, None, &typed).await.unwrap();
    }
    for kind in crate::support::onboarding::DOCUMENTS {
        app.add_document(partner, kind).await.unwrap();
    }
    assert!(app.onboarded(partner).await.missing.is_empty());
    let now = app.cx.now();
    let open = app.cx.db.read(move |a| smartpay::store::proposals::open(a, now)).await.unwrap();
    let kinds: std::collections::BTreeSet<&str> = open.iter().map(|p| p.kind.as_str()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["limits", "redirect_urls"]);
    for proposal in open {
        app.approve(&proposal.id).await;
    }
    let pem = crate::support::certificates::pem("stranger.pem");
    let certificate = Box::new(NewCertificate::read(&app.cx, pem).unwrap());
    app.carry_out(Change::AddCertificate {
        partner: partner.into(),
        certificate,
    })
    .await;
    app.carry_out(activate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_nothing_and_is_erased_after_a_year() {
    let app = TestApp::start().await;
    let erp = platform(&app).await;
    let id = send(&erp, &an_application()).await.good().text("applicationId").to_owned();
    let officer = officer(&app).await;
    let page = officer.get(&officer.at(&path(&id))).await;
    let refuse = page.form("/refuse");
    assert_eq!(
        officer
            .submit(&refuse.clone().with("csrf", "forged").with("reason", REASON))
            .await
            .status,
        403
    );
    assert_eq!(officer.submit(&refuse.clone().with("reason", "nu")).await.status, 422);
    officer
        .follow(&officer.submit(&refuse.clone().with("reason", REASON)).await)
        .await
        .says("refuzată")
        .says(REASON);
    assert_eq!(officer.submit(&refuse.with("reason", REASON)).await.status, 422, "once only");
    let answer = ask(&erp, &id).await.good();
    assert_eq!((answer.text("applicationStatus"), missing(&answer).len()), ("REFUSED", 0));
    assert!(!answer.json.to_string().contains("registrul"), "the reason stays with us");
    app.tick().await;
    let mails = app.mails.take();
    assert!(mails.len() == 1 && mails[0].to == "parteneri@platforma.example" && mails[0].text.contains("refuzată"));
    assert!(!mails[0].text.contains("registrul") && !mails[0].text.contains("Canar"));
    let operations = Admin::of_role(&app, Role::Operations).await;
    let page = operations.get(&operations.at(&path(&id))).await;
    assert!(
        !page.text().contains("registrul") && !page.has("form[action$='/refuse']"),
        "nor do those who do not decide see it"
    );

    let sealed = "SELECT CAST(COUNT(*) AS TEXT) AS line FROM applications WHERE content_sealed IS NOT NULL";
    app.advance(DAY * 360);
    app.tick().await;
    assert_eq!(
        (app.database.lines(sealed), retention::plan(&app.cx).await.unwrap().applications),
        (vec!["1".to_owned()], 0)
    );
    app.advance(DAY * 10);
    assert_eq!(retention::plan(&app.cx).await.unwrap().applications, 1);
    app.tick().await;
    assert_eq!(app.database.lines(sealed), ["0"]);
    assert_eq!(retention::reports(&app.cx).await.unwrap()[0].applications, 1);
    assert_eq!(ask(&erp, &id).await.good().text("applicationStatus"), "REFUSED");
    // The platform's own id is free again.
    assert_ne!(send(&erp, &an_application()).await.good().text("applicationId"), id);
    // The officer's password is too old by now.
    let other = Admin::of_role(&app, Role::Administrator).await;
    other.get(&other.at(&path(&id))).await.says("datele au fost șterse");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_need_not_see_people_sees_shapes_and_decides_nothing() {
    let app = TestApp::start().await;
    let erp = platform(&app).await;
    let id = send(&erp, &an_application()).await.good().text("applicationId").to_owned();
    for n in 0..2 {
        send(&erp, &with(an_application(), json!({ "externalClientId": n }))).await.good();
    }
    let seen = |text: &str| {
        [NAME, IBAN, "RO66 BACX", "ioana@canarul", "721 000 088", "Canarului"]
            .iter()
            .any(|w| text.contains(w))
    };
    for role in [Role::Support, Role::ReadOnly] {
        let other = Admin::of_role(&app, role).await;
        let list = other.get(&other.at("back-office/applications")).await;
        let page = other.get(&other.at(&path(&id))).await;
        assert!(!seen(&list.text()) && !seen(&page.text()), "{role:?}");
        assert!(!page.has("form[action$='/approve']"));
    }
    let support = Admin::of_role(&app, Role::Support).await;
    let page = support.get(&support.at(&path(&id))).await;
    let form = page.form("/unmask").with("reason", "clientul sună pentru cererea lui");
    assert!(seen(&support.follow(&support.submit(&form).await).await.text()));
    let officer = officer(&app).await;
    let form = officer.get(&officer.at(&path(&id))).await.form("/approve");
    assert_eq!(Admin::of_role(&app, Role::Operations).await.submit(&form).await.status, 403);
    let filtered = officer.get(&officer.at("back-office/applications?state=REFUSED")).await;
    filtered.says("Nicio cerere nu se potrivește");
    let all = officer
        .get(&officer.at("back-office/applications?state=RECEIVED&before=nimic&platform=%00"))
        .await;
    assert_eq!(all.parts("tbody tr").len(), 3);
    for wrong in ["nimic", "%00", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(officer.get(&officer.at(&path(wrong))).await.status, 404, "{wrong}");
    }
    // What is stored says nothing of anybody.
    let stored = app
        .database
        .lines("SELECT external_client_id || request_hash || state AS line FROM applications");
    assert!(!seen(&stored.join(" ")));
    // A decision needs a proof of the last minutes, and keeps what was typed.
    let page = officer.get(&officer.at(&path(&id))).await;
    assert!(!page.has("#confirm"));
    app.advance(Duration::from_secs(6 * 60));
    let officer = self::officer(&app).await;
    let page = officer.get(&officer.at(&path(&id))).await;
    app.advance(Duration::from_secs(4 * 60));
    officer.get(&officer.at("back-office/applications")).await;
    app.advance(Duration::from_secs(2 * 60));
    let refused = officer.submit(&page.form("/refuse").with("reason", REASON)).await;
    assert!(refused.status == 403 && refused.part("#reason") == REASON && refused.has("#confirm"));
    assert_eq!(ask(&erp, &id).await.good().text("applicationStatus"), "RECEIVED");
}
