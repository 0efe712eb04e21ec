//! Webhooks in the back office: endpoints that take two admins, a test, what was sent, and sending it again.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Form, Page};
use crate::support::psu::ANA;
use crate::support::receiver::Receiver;
use serde_json::json;
use smartpay::store::admins::Role;
use std::time::Duration;
use url::Url;

async fn page_of(app: &TestApp, admin: &Admin) -> Page {
    let shop = app.partner_id("shop").await;
    let partner = admin.get(&admin.at(&format!("back-office/partners/{shop}"))).await;
    let link = partner
        .links("a")
        .into_iter()
        .find(|link| link.path().ends_with("/webhooks"))
        .unwrap_or_else(|| panic!("no way from the partner's page"));
    admin.get(&link).await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_new_endpoint_to_an_event_that_is_sent_again() {
    let receiver = Receiver::start();
    let app = TestApp::start_with(&receiver.settings()).await;
    let maria = Admin::of_role(&app, Role::Administrator).await;
    let dan = Admin::of_role(&app, Role::Operations).await;
    let empty = page_of(&app, &maria).await;
    empty
        .says("Cere-i partenerului o adresă https")
        .says("Trimite un eveniment de probă unei adrese");
    let form = empty.form("/webhooks").with("description", "Magazin <b>");
    wrong_addresses_are_named(&maria, &form).await;
    let form = form.with("url", receiver.url.as_str());
    assert_eq!(maria.submit(&form.clone().with("csrf", "forged")).await.status, 403);
    let proposed = maria.follow(&maria.submit(&form).await).await;
    proposed.says("Propunerea așteaptă decizia altui administrator");
    assert_eq!(receiver.got().len(), 0);
    let list = dan.get(&dan.at("back-office/proposals")).await;
    let proposal = dan.get(&list.link("tbody a")).await;
    proposal.says(receiver.url.as_str()).says("payment.settled").says("pornită");
    dan.follow(&dan.submit(&proposal.form("/approve")).await)
        .await
        .says("dusă la capăt");

    // Whoever runs the service may test it; the answer is shown.
    receiver.says("am primit <i>");
    let page = page_of(&app, &dan).await;
    assert!(!page.has("form[action$='/webhooks']"), "only administrators propose");
    let tested = dan.follow(&dan.submit(&page.form("/webhooks/test")).await).await;
    tested
        .says("a preluat evenimentul de probă")
        .says("webhook.test")
        .says("am primit <i>");
    receiver.answers(&[500]);
    let failed = dan.follow(&dan.submit(&page.form("/webhooks/test")).await).await;
    failed.says("nu a preluat").says("500");

    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(1)).await;
    let payment = dan.at(&format!("back-office/payments/{}", started.tokens.payment));
    let page = dan.get(&payment).await;
    page.says("payment.settled").says("preluat");
    let before = receiver.got().len();
    let form = page.form(&format!("{}/webhooks", started.tokens.payment));
    assert_eq!(dan.submit(&form.clone().with("csrf", "forged")).await.status, 403);
    dan.follow(&dan.submit(&form).await).await.says("pleacă în câteva secunde");
    app.tick().await;
    let got = receiver.got();
    assert_eq!(got.len(), before + 1);
    assert!(
        got[..before]
            .iter()
            .any(|g| g.headers["webhook-id"] == got[before].headers["webhook-id"])
    );
    let log = page_of(&app, &dan).await;
    dan.follow(&dan.submit(&log.form("/webhooks/resend")).await)
        .await
        .says("pleacă în câteva secunde");
    who_only_reads_sees_the_log(&app, &payment).await;

    // Removed by two, and nothing more is sent there.
    let page = page_of(&app, &maria).await;
    maria.submit(&page.form("/webhooks/remove")).await;
    let list = dan.get(&dan.at("back-office/proposals")).await;
    let proposal = dan.get(&list.link("tbody a")).await;
    dan.submit(&proposal.form("/approve")).await;
    page_of(&app, &maria).await.says("Cere-i partenerului o adresă https");
}

/// And no button; each act of the others is in the audit log.
async fn who_only_reads_sees_the_log(app: &TestApp, payment: &Url) {
    let looker = Admin::of_role(app, Role::ReadOnly).await;
    let page = page_of(app, &looker).await;
    page.says("payment.settled");
    assert!(!page.has("main form"));
    assert!(!looker.get(payment).await.has("form[action$='/webhooks']"));
    let audit = "SELECT action AS line FROM audit WHERE action LIKE 'webhook%' ORDER BY seq";
    let expected = [
        "webhook_changed",
        "webhook_tested",
        "webhook_tested",
        "webhook_sent_again",
        "webhook_sent_again",
    ];
    assert_eq!(app.database.lines(audit), expected);
}

async fn wrong_addresses_are_named(maria: &Admin, form: &Form) {
    for (url, anchor) in [
        ("nu e adresă", "#url-new"),
        ("https://10.0.0.1/", "#url-new"),
        ("http://shop.example/", "#url-new"),
    ] {
        let wrong = maria.submit(&form.clone().with("url", url)).await;
        assert_eq!(wrong.status, 422, "{url}");
        assert!(wrong.has(&format!("[role=alert] a[href='{anchor}']")) && wrong.has(anchor), "{url}");
        assert_eq!(wrong.value_of("#url-new"), url, "what was typed is kept");
        assert!(!wrong.body.contains("Magazin <b>"), "hostile text is escaped");
    }
}
