//! The return from the bank with anything in its query: a neutral page, and nothing has changed.

use super::{Snapshot, UNLIMITED};
use crate::support::TestApp;
use crate::support::psu::ANA;

const NEUTRAL: &str = "Te-ai întors de la bancă";

#[tokio::test(flavor = "multi_thread")]
async fn garbage_changes_nothing() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (psu, other) = (app.psu(), app.psu());
    let mut started = app.shop().start(serde_json::json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    let before = Snapshot::of(&app);
    let long = "x".repeat(20_000);
    let many = "state=x&code=y&".repeat(1000);
    for query in [
        "",
        "?",
        "?&&&==&",
        "?state=",
        "?state=garbage&code=garbage",
        "?state=%ff%fe&code=%00",
        "?error=access_denied",
        "?error=access_denied&state=garbage",
        "?state[]=x&state=y",
        "?payment=1&amount=5&status=ACSC",
        "?%00=%00",
        "?state=%F0%9F%92%B6",
        &format!("?state={long}"),
        &format!("?{long}"),
        &format!("?{many}"),
    ] {
        for bank in ["cec", "bt", "nicio-banca", "%00", "%ff", "CEC", "cec%00", "%F0%9F%92%B6"] {
            let short: String = query.chars().take(40).collect();
            let row = format!("{bank}{short}");
            // The payer's own browser finds its payment where it left it; nothing is made of the rest.
            for browser in [&psu, &other] {
                if query.contains("code") && bank == "cec" && !query.contains("state") {
                    continue;
                }
                let page = browser.get(&app.public(&format!("/payment-return/{bank}{query}"))).await;
                if std::ptr::eq(browser, &psu) && bank == "cec" && !query.contains("state=") {
                    let page = psu.follow(&page).await;
                    assert_eq!(page.heading(), "Banca nu ne-a confirmat aprobarea", "{row}");
                    assert!(page.has("a#go"), "{row}: it can be continued");
                    continue;
                }
                assert_eq!((page.status, page.heading().as_str()), (200, NEUTRAL), "{row}");
                assert!(
                    !page.body.contains(&started.tokens.payment.to_string()),
                    "{row}: the page is not neutral"
                );
                assert!(
                    !page.body.contains("garbage") && !page.body.contains("nicio-banca"),
                    "{row}: the page repeats"
                );
            }
            before.is_still(&app, &row);
        }
    }
    for path in [
        "/payment-return",
        "/payment-return/",
        "/payment-return/cec/more",
        "/payment-return/%2e%2e/x",
    ] {
        assert_eq!(psu.get(&app.public(path)).await.status, 404, "{path}");
    }
    // A code without its state, from a browser that has no payment at the bank.
    for query in ["?code=garbage", "?code=", "?code=%00&code=x"] {
        let page = other.get(&app.public(&format!("/payment-return/cec{query}"))).await;
        assert_eq!((page.status, page.heading().as_str()), (200, NEUTRAL), "{query}");
    }
    // NUL in the bank's code, with a code and from a browser that is known.
    let page = psu.get(&app.public("/payment-return/%00?code=garbage")).await;
    assert_eq!((page.status, page.heading().as_str()), (200, NEUTRAL));
    before.is_still(&app, "codes of strangers");

    // All of that did not keep the payer from paying.
    let back = psu.approve(&to_bank, ANA).await;
    psu.come_back(&back).await;
    app.let_pass(20, std::time::Duration::from_secs(1)).await;
    assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
}
