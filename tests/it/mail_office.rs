//! The mail pages of the back office: what waits, what was given up, sending again, and what payers get.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::database::connect;
use crate::support::psu::ANA;
use crate::support::smtp_sink::SmtpSink;
use diesel::RunQueryDsl as _;
use serde_json::json;
use smartpay::payment::PaymentId;
use smartpay::store::admins::Role;
use smartpay::store::outbox;
use std::time::Duration;
use tokio::net::TcpSocket;

const MAIL: &str = "back-office/mail";

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waits_is_sent_at_once_when_an_operator_says_so() {
    let away = TcpSocket::new_v4().unwrap();
    away.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = away.local_addr().unwrap();
    let smtp = format!(
        "[mail]\ntransport = \"smtp\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\ntimeout_ms = 2000",
        server.port()
    );
    let app = TestApp::start_with(&smtp).await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let operator = Admin::of_role(&app, Role::Operations).await;
    let page = operator.get(&operator.at(MAIL)).await;
    page.says("În așteptare (1)")
        .says("a•••@")
        .says(&started.tokens.payment.to_string());
    assert!(!page.body.contains(ANA.email), "nobody sees the address here");
    // What may be in a sender's hands is left to it.
    let early = operator.follow(&operator.submit(&page.form("/again")).await).await;
    early.says("în cel mult două minute");
    // The sixth try is followed by a pause of more than five minutes.
    let id = PaymentId::from_number(started.tokens.payment).unwrap();
    let tries = async || app.cx.db.read(move |a| outbox::of_payment(a, id)).await.unwrap()[0].attempts;
    for _ in 0..40 {
        if tries().await < 6 {
            app.let_pass(1, Duration::from_secs(40)).await;
        }
    }
    assert_eq!(tries().await, 6);

    let operator = Admin::of_role(&app, Role::Operations).await;
    let page = operator.get(&operator.at(MAIL)).await;
    let form = page.form("/again");
    let forged = operator.submit(&form.clone().with("csrf", "forged")).await;
    assert_eq!(forged.status, 403);
    let looker = Admin::of_role(&app, Role::ReadOnly).await;
    assert!(!looker.get(&looker.at(MAIL)).await.has("form[action$='/again']"));
    drop(away);
    let sink = SmtpSink::start(server);
    app.tick().await;
    assert_eq!(sink.messages().len(), 0, "its next try is minutes away");
    operator
        .follow(&operator.submit(&form).await)
        .await
        .says("pleacă în câteva secunde");
    app.tick().await;
    assert_eq!(sink.messages().len(), 1);
    operator.get(&operator.at(MAIL)).await.says("În așteptare (0)");
    operator.get(&operator.at(&format!("{MAIL}?standing=sent"))).await.says("a•••@");
    // The form of a page that is still open.
    operator.follow(&operator.submit(&form).await).await.says("a fost deja trimis");
    app.tick().await;
    assert_eq!(sink.messages().len(), 1, "a payer gets it once");
    let audit = "SELECT subject AS line FROM audit WHERE action = 'mail_sent_again'";
    assert_eq!(app.database.lines(audit).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_given_up_says_why_without_naming_anybody() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(app.mails.take().len(), 1);
    let refused = format!("UPDATE outbox SET sent_at = NULL, last_error = '550 5.1.1 <{}> unknown'", ANA.email);
    diesel::sql_query(refused).execute(&mut connect(&app.database.url())).unwrap();
    let operator = Admin::of_role(&app, Role::Operations).await;
    let page = operator.get(&operator.at(&format!("{MAIL}?standing=given_up"))).await;
    page.says("Abandonate (1)").says("550 5.1.1 <a•••@");
    assert!(!page.body.contains(ANA.email));
    operator.submit(&page.form("/again")).await;
    app.tick().await;
    assert_eq!(app.mails.all().len(), 1);
    operator
        .get(&operator.at(&format!("{MAIL}?standing=given_up")))
        .await
        .says("Abandonate (0)");
    for id in ["nobody", "%00", "018f0000-0000-7000-8000-000000000000"] {
        let mut form = page.form("/again");
        form.action = operator.at(&format!("{MAIL}/{id}/again"));
        assert_eq!(operator.submit(&form).await.status, 403, "{id}: a form is for one message");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_can_be_seen_as_payers_get_it() {
    let app = TestApp::start().await;
    let admin = Admin::of_role(&app, Role::ReadOnly).await;
    let page = admin.get(&admin.at(&format!("{MAIL}/preview"))).await;
    let links = page.links(".plain-list a");
    assert!(links.len() >= 14, "{links:?}");
    for link in links {
        let preview = admin.get(&link).await;
        assert_eq!(preview.status, 200, "{link}");
        let english = link.query().unwrap().contains("language=en");
        let amount = if english { "123.45 RON" } else { "123,45 RON" };
        assert!(preview.part("pre.mail").contains(amount), "{link}");
        let html = admin.get(&preview.link("a[href*='preview.html']")).await;
        assert!(html.status == 200 && html.body.contains(amount), "{link}");
        let rules = html.headers["content-security-policy"].to_str().unwrap();
        assert!(
            rules.starts_with("default-src 'none'; style-src 'unsafe-inline'; sandbox;"),
            "{rules}"
        );
    }
    for wrong in ["kind=nothing", "language=tlh"] {
        for path in ["preview", "preview.html"] {
            assert_eq!(admin.get(&admin.at(&format!("{MAIL}/{path}?{wrong}"))).await.status, 404, "{wrong}");
        }
    }
    assert_eq!(app.mails.all().len(), 0);
}
