//! A link belongs to the first browser that opens it. Whoever else has it learns nothing and can do nothing.

use crate::support::TestApp;
use crate::support::psu::ANA;
use serde_json::json;

const SECRETS: [&str; 9] = [
    "249,90",
    "249.90",
    "Foișor",
    "RO66",
    "Comanda",
    "Partener shop",
    "RO30",
    "CEC",
    "ana.popescu",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_second_browser_learns_nothing_and_changes_nothing() {
    let app = TestApp::start().await;
    let (psu, crook) = (app.psu(), app.psu());
    let order = json!({ "amount": "249.90", "psuEmail": ANA.email, "debtorIban": ANA.iban, "debtorBank": "cec" });
    let started = app.shop().start(order).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    let stages = ["form", "at the bank", "ended"];
    for stage in stages {
        let page = crook.get(&started.link).await;
        assert_eq!(
            (page.status, page.heading().as_str()),
            (403, "Plata este deschisă în alt browser"),
            "{stage}"
        );
        for secret in SECRETS {
            assert!(!page.body.contains(secret), "{stage}: the other browser reads {secret}");
        }
        let state = app.public(&format!("payment-initiation/state?{}&seen=created", started.link.query().unwrap()));
        assert_eq!(
            (crook.get(&state).await.status, crook.get(&state).await.body.as_str()),
            (404, ""),
            "{stage}"
        );
        // Even with the form of the bound browser, its token included.
        for action in ["payment-initiation", "payment-initiation/withdraw"] {
            let mut stolen = form.clone();
            stolen.action = app.public(action);
            let answer = crook.submit(&stolen).await;
            assert!([403, 404].contains(&answer.status), "{stage}: {} to {action}", answer.status);
            assert!(SECRETS.iter().all(|s| !answer.body.contains(s)), "{stage}: {action} tells");
        }
        match stage {
            "form" => assert_eq!(psu.submit(&form).await.status, 303),
            "at the bank" => {
                assert_eq!(app.bank.orders().len(), 1);
                psu.give_up(&psu.get(&started.link).await).await.says("Ai renunțat la plată");
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_links_are_all_alike() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let id = started.tokens.payment;
    let state = started.link.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
    let mut bodies = Vec::new();
    for query in [
        format!("?payment={id}&state=wrong"),
        format!("?payment={id}&state="),
        format!("?payment={}&state={state}", id ^ 1),
        format!("?payment=1&state={state}"),
        "?payment=x&state=y".to_owned(),
        format!("?payment={id}"),
        String::new(),
    ] {
        let page = psu.get(&app.public(&format!("payment-initiation{query}"))).await;
        assert_eq!(page.status, 404, "{query}");
        bodies.push(page.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "a wrong link does not say what is wrong with it");
    psu.open(&started.link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_post_is_shown_the_form_again_and_sends_nothing() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    let elsewhere = app.psu().open(&app.shop().start(json!({})).await.link).await;
    let others_token = elsewhere.form("/payment-initiation").value("csrf").to_owned();
    for csrf in ["", "x", &others_token] {
        assert_eq!(psu.submit(&form.clone().with("csrf", csrf)).await.status, 403);
    }
    let mut from_elsewhere = form.clone();
    from_elsewhere.page = "https://evil.example/".parse().unwrap();
    assert_eq!(psu.submit(&from_elsewhere).await.status, 403);
    assert!(app.bank.orders().is_empty());
    assert_eq!(psu.submit(&form).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_forbid_what_they_do_not_need() {
    let app = TestApp::start().await;
    let psu = app.psu();
    let started = app.shop().start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    for page in [to_bank, app.psu().get(&started.link).await, psu.get(&app.public("terms")).await] {
        let header = |name: &str| page.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{}: {policy}", page.url.path());
        }
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store");
    }
}
