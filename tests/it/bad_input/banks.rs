//! GET banks.

use super::{NOT_YOU, Snapshot, UNLIMITED, WRONG_METHOD, is_refused};
use crate::support::TestApp;
use crate::support::partner::BANKS;
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn only_partners_see_the_list_and_asking_changes_nothing() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (shop, stranger) = (app.shop(), app.partner("stranger"));
    let before = Snapshot::of(&app);
    is_refused("nobody's certificate", &stranger.banks().await, NOT_YOU, &[]);
    is_refused("POST", &shop.send(shop.request(Method::POST, BANKS)).await, WRONG_METHOD, &[]);
    for prefix in ["/gateway", ""] {
        for family in ["/core/rest/api/core", "/core/rest/api"] {
            // Nothing a query, a header or a body says matters: there is nothing to say.
            for end in ["", "?", "?client_id=other-shop&%ff=%00", "?country=RO&country=XX"] {
                let request = shop.request(Method::GET, &format!("{prefix}{family}/banks{end}"));
                let answer = shop.send(request.bearer_auth("garbage").body("{")).await.good();
                let banks = answer.json["payload"].as_array().unwrap();
                assert!(banks.len() > 10, "{end}");
                let active: Vec<_> = banks
                    .iter()
                    .filter(|b| b["active"] == true)
                    .map(|b| b["code"].as_str().unwrap())
                    .collect();
                let by_name = ["demo-cod", "demo-pasi", "demo-link", "demo-mobil", "brd", "cec"];
                assert_eq!(active, by_name, "{end}");
                for bank in banks {
                    let needs = &bank["requiredParameters"];
                    assert!(
                        bank["code"].is_string() && bank["name"].is_string() && bank["bic"].is_string(),
                        "{bank}"
                    );
                    for flag in ["requiresPSUId", "requiresPSUIdType", "requiresIban"] {
                        assert!(needs[flag].is_boolean(), "{bank}");
                    }
                }
            }
        }
    }
    before.is_still(&app, "asking for banks");
}
