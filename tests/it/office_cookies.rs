//! The cookies of the back office, and when a session changes its key.

use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD, USER};
use actix_web::cookie::{Cookie, SameSite};
use reqwest::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use smartpay::flow::admins::second_factor::{code_at, enrol_known};
use std::time::Duration;

const TOTP: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SITE: &str = "https://plati.example";

/// The cookies that an answer sets.
fn set(answer: &reqwest::Response) -> Vec<Cookie<'static>> {
    let all = answer.headers().get_all(SET_COOKIE).iter();
    all.map(|c| Cookie::parse(c.to_str().unwrap().to_owned()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_belong_to_this_host_and_to_https() {
    let app = TestApp::start_with(&format!("[public]\nbase_url = \"{SITE}\"")).await;
    app.admin().await;
    // As behind a proxy that ends TLS.
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let at = format!("http://{}/back-office/login", app.public_at);
    let shown = browser.get(&at).header(HOST, "plati.example").send().await.unwrap();
    assert!(shown.headers()["strict-transport-security"].to_str().unwrap().contains("max-age="));
    let mut cookies = set(&shown);
    let body = shown.text().await.unwrap();
    let page = scraper::Html::parse_document(&body);
    let field = scraper::Selector::parse("form[action='/back-office/login'] [name=csrf]").unwrap();
    let csrf = page.select(&field).next_back().unwrap().attr("value").unwrap().to_owned();
    let jar: Vec<String> = cookies.iter().map(|c| format!("{}={}", c.name(), c.value())).collect();
    let entered = browser
        .post(&at)
        .header(HOST, "plati.example")
        .header(ORIGIN, SITE)
        .header(COOKIE, jar.join("; "))
        .form(&[("csrf", csrf.as_str()), ("user", USER), ("password", PASSWORD)])
        .send()
        .await
        .unwrap();
    assert_eq!(entered.status(), 303);
    cookies.extend(set(&entered));
    let strict = ["__Host-office", "__Host-office-device"];
    for name in strict.iter().chain(&["__Host-smartpay"]) {
        assert!(cookies.iter().any(|c| c.name() == *name), "{name} is not among {cookies:?}");
    }
    for cookie in cookies {
        let name = cookie.name();
        assert!(name.starts_with("__Host-"), "{name}");
        assert_eq!((cookie.secure(), cookie.http_only()), (Some(true), Some(true)), "{name}");
        // What the prefix stands for (RFC 6265bis section 4.1.3.2).
        assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None), "{name}");
        let expected = if strict.contains(&name) { SameSite::Strict } else { SameSite::Lax };
        assert_eq!(cookie.same_site(), Some(expected), "{name}");
    }
}

/// Whether a session of this key is alive.
async fn opens(app: &TestApp, key: &str) -> bool {
    let other = Admin::new(app).await;
    other.remember("office", key);
    let page = other.home().await;
    page.status == 200 || page.leads_to().path() != "/back-office/login"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_changes_its_key_whenever_it_opens_more() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    enrol_known(&app.cx.db, USER, TOTP, "story", app.cx.now()).await.unwrap();
    let key = || admin.cookie("office").unwrap();
    // Planted before signing in, by somebody whose own session it is.
    app.admin().await;
    admin.remember("office", "planted");
    admin.try_to_sign_in(USER, PASSWORD).await;
    let by_password = key();
    assert_ne!(by_password, "planted");
    let page = admin.get(&admin.at("back-office/login/code")).await;
    let code = code_at(TOTP, app.cx.now()).unwrap();
    admin.submit(&page.form("/login/code").with("code", &code)).await;
    let by_code = key();
    assert_ne!(by_code, by_password);
    app.advance(Duration::from_secs(30));
    let page = admin.get(&admin.at("back-office/confirm")).await;
    let code = code_at(TOTP, app.cx.now()).unwrap();
    admin.submit(&page.form("/back-office/confirm").with("code", &code)).await;
    let confirmed = key();
    assert_ne!(confirmed, by_code);
    for old in [by_password, by_code] {
        assert!(!opens(&app, &old).await, "a key of before is worth nothing");
    }
    assert!(opens(&app, &confirmed).await);
    // Signing in over a session of somebody else leaves nothing of it.
    admin.try_to_sign_in(USER, PASSWORD).await;
    assert!(!opens(&app, &confirmed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_others_can_read_stops_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let app = TestApp::start().await;
    let listed = app.command(&["admin", "list"], "");
    assert!(listed.status.success());
    let file = app.key_file();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    for words in [["admin", "list"].as_slice(), &["serve"]] {
        let refused = app.command(words, "");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && said.contains("0640") && said.contains("chmod 600"),
            "{said}"
        );
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(app.command(&["admin", "list"], "").status.success());
}
