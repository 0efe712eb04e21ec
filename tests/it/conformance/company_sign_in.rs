//! Signing in to the back office through npm's `oidc-provider`, whose own pages are filled in.

use super::Program;
use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD};
use crate::support::browser::{Browser, Page};
use reqwest::header::LOCATION;
use smartpay::flow::add_admin::add_admin;
use std::io::{BufRead as _, Write as _};
use url::Url;

const MARIA: &str = "maria@firma.example";
const SECRET: &str = "povestea:unei+firme";

/// Follows redirects within the provider's site to a page of it, or to the address of ours to which it sends.
async fn through(browser: &Browser, provider: &str, mut page: Page) -> Result<Page, Url> {
    for _ in 0..10 {
        let Some(to) = page.headers.get(LOCATION) else {
            return Ok(page);
        };
        let to = page.url.join(to.to_str().unwrap()).unwrap();
        if !to.as_str().starts_with(provider) {
            return Err(to);
        }
        page = browser.get(&to).await;
    }
    panic!("the provider sends round in circles: {}", page.url);
}

/// Signs in there as somebody, gives the consent it asks for, and comes back; answers how often it asked.
async fn signed_in_there(browser: &Browser, provider: &str, way: &Url) -> (Url, Vec<String>) {
    let mut asked = Vec::new();
    let mut at = through(browser, provider, browser.get(way).await).await;
    loop {
        let page = match at {
            Ok(page) => page,
            Err(back) => return (back, asked),
        };
        assert!(page.status == 200 && asked.len() < 4, "{}: {}", page.status, page.text());
        let mut form = page.form("");
        let prompt = form.value("prompt").to_owned();
        if prompt == "login" {
            form = form.with("login", MARIA).with("password", "anything");
        }
        asked.push(prompt);
        at = through(browser, provider, browser.submit(&form).await).await;
    }
}

/// From our page of arrival on to where it ends.
async fn arrive(admin: &Admin, back: &Url) -> Page {
    let arrived = admin.get(back).await;
    assert_eq!(arrived.status, 200, "{}", arrived.text());
    let mut page = admin.get(&arrived.link("a#go")).await;
    for _ in 0..3 {
        if page.status == 303 {
            page = admin.follow(&page).await;
        }
    }
    page
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/conformance.sh"]
async fn a_user_signs_in_through_oidc_provider_and_proves_to_be_there_again() {
    let package = std::env::var("SMARTPAY_CONFORMANCE_OIDC_PROVIDER").unwrap_or_else(|_| panic!("run tests/conformance.sh"));
    let mut program = Program::of("node", "oidc_provider.mjs", &[&package, "smartpay", SECRET]);
    let mut issuer = String::new();
    program.says.read_line(&mut issuer).unwrap();
    let issuer = issuer.trim_end();
    let app = TestApp::start_with(&format!(
        "[back_office.oidc]\nissuer = \"{issuer}\"\nclient_id = \"smartpay\"\nclient_secret = \"{SECRET}\""
    ))
    .await;
    let input = program.child.stdin.as_mut().unwrap();
    writeln!(input, "{}", app.public("back-office/login/company/return")).unwrap();
    let mut ready = String::new();
    program.says.read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    add_admin(&app.cx.db, MARIA, PASSWORD.to_owned().into(), "story", app.cx.now())
        .await
        .unwrap();
    let admin = app.admin().await;
    // The provider's cookies have names and paths of their own.
    let there = Browser::new();
    let login = admin.get(&admin.at("back-office/login")).await;
    let left = admin.submit(&login.form("/login/company")).await;
    let (back, asked) = signed_in_there(&there, issuer, &left.link("a#go")).await;
    assert_eq!(asked, ["login", "consent"]);
    assert!(
        back.query_pairs().any(|(name, value)| name == "iss" && value == issuer),
        "it names itself"
    );
    let home = arrive(&admin, &back).await;
    home.says(&format!("Autentificat ca {MARIA}"));

    // It said nothing of when its user proved to be there; before what is sensitive it is asked anew.
    let users = admin.get(&admin.at("back-office/users")).await;
    let add = users.form("/back-office/users").with("user", "nou.suport").with("role", "support");
    let confirm = admin.follow(&admin.submit(&add).await).await;
    let left = admin.submit(&confirm.form("/confirm/company")).await;
    let (back, asked) = signed_in_there(&there, issuer, &left.link("a#go")).await;
    assert_eq!(asked, ["login"], "a session there is not enough");
    arrive(&admin, &back).await;
    admin.submit(&add).await.part("#first-password");

    // An answer whose code was used is refused by the provider.
    let login = app.admin().await;
    let page = login.get(&login.at("back-office/login")).await;
    let left = login.submit(&page.form("/login/company")).await;
    let state = |url: &Url| url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let stale: Vec<(String, String)> = back
        .query_pairs()
        .into_owned()
        .map(|(name, value)| {
            if name == "state" {
                (name, state(&left.link("a#go")))
            } else {
                (name, value)
            }
        })
        .collect();
    let mut replayed = back.clone();
    replayed.query_pairs_mut().clear().extend_pairs(stale);
    assert_eq!(login.get(&replayed).await.status, 403);
}
