//! The back office is for those who signed in, as long as they use it.

use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD, USER};
use crate::support::psu::ANA;
use serde_json::json;
use std::time::Duration;

const LOGIN: &str = "/back-office/login";

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_signs_in_sees_the_payments_and_signs_out() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let paid = shop.start(json!({ "amount": "77.70" })).await;
    let to_bank = psu.pay(&paid.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let waiting = shop.start(json!({ "amount": "12.00" })).await;

    let admin = app.admin().await;
    assert_eq!(admin.home().await.leads_to().path(), LOGIN);
    let home = admin.sign_in().await;
    home.says("77,70 RON").says("12,00 RON").says("Partener shop").says("ACSC");
    for id in [paid.tokens.payment, waiting.tokens.payment] {
        home.says(&id.to_string());
    }
    for secret in [ANA.iban, ANA.email, "RO66BACX0000001234567890"] {
        assert!(!home.body.contains(secret), "{secret} stands on the first page");
    }
    let form = home.form("/back-office/logout");
    let session = admin.cookie("office").unwrap();
    assert_eq!(admin.submit(&form).await.leads_to().path(), LOGIN);
    assert_eq!(admin.home().await.leads_to().path(), LOGIN);
    // The session itself has ended, not only this browser's memory of it.
    let copy = Admin::new(&app).await;
    copy.remember("office", &session);
    assert_eq!(copy.home().await.leads_to().path(), LOGIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_get_the_same_answer() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let wrong_password = admin.try_to_sign_in(USER, "gresit-gresit-gresit").await;
    let wrong_name = admin.try_to_sign_in("nimeni.admin", PASSWORD).await;
    assert_eq!((wrong_password.status, wrong_name.status), (401, 401));
    assert_eq!(wrong_password.body.replace(USER, "nimeni.admin"), wrong_name.body);
    assert!(wrong_name.text().contains("Utilizatorul sau parola nu este corectă."));
    assert!(!wrong_password.body.contains("gresit"), "a password is never shown again");
    assert_eq!(admin.home().await.leads_to().path(), LOGIN);
    admin.sign_in().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_locks_nobody_else_out() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(admin.try_to_sign_in(USER, "gresit-gresit-gresit").await.status);
    }
    assert_eq!((answers[0], answers[9]), (401, 429), "{answers:?}");
    assert!(answers.iter().all(|a| [401, 429].contains(a)));
    // Not even the right password says anything now.
    assert_eq!(admin.try_to_sign_in(USER, PASSWORD).await.status, 429);
    assert_eq!(
        admin.try_to_sign_in("altul.admin", PASSWORD).await.status,
        401,
        "another name is not locked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_ends() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    for _ in 0..3 {
        app.advance(Duration::from_secs(4 * 60));
        admin.home().await.says("Ultimele plăți");
    }
    app.advance(Duration::from_secs(5 * 60 + 1));
    let way = admin.home().await.leads_to();
    assert_eq!((way.path(), way.query()), (LOGIN, Some("ended=1")));
    app.tick().await;
    assert_eq!(
        app.database.lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM admin_sessions"),
        ["0"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_forms_and_planted_sessions_are_worth_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let login = admin.get(&app.public("back-office/login")).await;
    let form = login.form(LOGIN).with("user", USER).with("password", PASSWORD);
    for csrf in ["", "forged"] {
        assert_eq!(admin.submit(&form.clone().with("csrf", csrf)).await.status, 403);
    }
    let mut from_elsewhere = form.clone();
    from_elsewhere.page = "https://evil.example/".parse().unwrap();
    assert_eq!(admin.submit(&from_elsewhere).await.status, 403);
    admin.remember("office", "planted");
    assert_eq!(admin.home().await.leads_to().path(), LOGIN);
    assert_eq!(admin.submit(&form).await.status, 303);
    assert_ne!(admin.cookie("office").as_deref(), Some("planted"));
    // Signing out needs the form's token too.
    let home = admin.home().await;
    admin.submit(&home.form("/back-office/logout").with("csrf", "forged")).await;
    admin.home().await.says("Ultimele plăți");
}
