//! Every state of the payer's pages, as the demo shows them: only there, in both languages, and leading nowhere.

use crate::support::TestApp;
use crate::support::browser::{Browser, Page};
use scraper::{Html, Selector};
use std::collections::BTreeSet;
use url::Url;

const INDEX: &str = "demo/states";

async fn index(app: &TestApp, browser: &Browser, lang: &str) -> Page {
    let page = browser.get(&app.public(&format!("{INDEX}?lang={lang}"))).await;
    assert_eq!(page.status, 200);
    page
}

fn names(links: &[Url]) -> BTreeSet<String> {
    links.iter().map(|link| link.path().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_demo_shows_the_states() {
    let app = TestApp::start().await;
    let browser = Browser::new();
    for path in ["", "/", "/made", "/partner.css", "/unchanged", "/mails/settled"] {
        let page = browser.get(&app.public(&format!("{INDEX}{path}"))).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(page.heading(), "Pagina nu există");
    }
}

/// Where the addresses of a page lead.
fn addresses(body: &str) -> Vec<String> {
    let document = Html::parse_document(body);
    let mut found = Vec::new();
    for attribute in ["href", "action", "formaction", "src", "data-status-url", "data-refresh-url"] {
        let with = Selector::parse(&format!("[{attribute}]")).unwrap();
        found.extend(document.select(&with).map(|e| e.value().attr(attribute).unwrap().to_owned()));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_is_there_in_both_languages_and_leads_nowhere() {
    let app = TestApp::start_as_demo().await;
    let browser = Browser::new();
    let links = index(&app, &browser, "ro").await.links("a.state");
    let english = index(&app, &browser, "en").await.links("a.state");
    assert_eq!(names(&links), names(&english));
    assert!(links.len() >= 140, "{} states", links.len());
    let usual = browser.get(&app.public("terms")).await.headers;
    let mut said = BTreeSet::new();
    for link in links.iter().chain(&english) {
        let page = browser.get(link).await;
        assert_eq!(page.status, 200, "{link}");
        for header in [
            "content-security-policy",
            "cache-control",
            "x-content-type-options",
            "referrer-policy",
        ] {
            assert_eq!(page.headers[header], usual[header], "{header} of {link}");
        }
        let lang = &link.query().unwrap()["lang=".len()..];
        assert!(page.has(&format!("html[lang={lang}]")), "{link}");
        assert!(!page.text().contains('{'), "{link}: {}", page.text());
        for address in addresses(&page.body) {
            let known = ["/demo/states", "/static/", "/banks/marks-of-", "/terms?lang=", "#"];
            assert!(known.iter().any(|start| address.starts_with(start)), "{link} leads to {address}");
        }
        said.insert((lang.to_owned(), page.part("main")));
    }
    // Nearly each looks different; some differ only by what a script does with the time.
    assert!(
        said.len() * 10 > links.len() * 2 * 9,
        "{} different pages of {}",
        said.len(),
        links.len() * 2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posted_form_of_a_state_changes_nothing() {
    let app = TestApp::start_as_demo().await;
    let browser = Browser::new();
    for (name, form) in [
        ("shop-filled-in", "/demo/states/shop-filled-in?lang=ro"),
        ("code", "/demo/states/code?lang=ro"),
        ("take-over", "/demo/states/take-over?lang=ro"),
        ("consent-accounts", "/demo/states/consent-accounts?lang=ro"),
    ] {
        let page = browser.get(&app.public(&format!("{INDEX}/{name}?lang=ro"))).await;
        let answer = browser.submit(&page.form(form)).await;
        assert_eq!((answer.status, answer.leads_to().path()), (303, &*format!("/{INDEX}/{name}")));
    }
    for table in ["payments", "payment_events", "consents", "outbox"] {
        let rows = app.database.lines(&format!("SELECT CAST(COUNT(*) AS TEXT) AS line FROM {table}"));
        assert_eq!(rows, ["0"], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_can_be_seen_and_says_the_same_as_text() {
    let app = TestApp::start_as_demo().await;
    let browser = Browser::new();
    let links = index(&app, &browser, "ro").await.links("a.mail");
    assert!(links.len() >= 50, "{} mails", links.len());
    for link in links {
        let mail = browser.get(&link).await;
        assert_eq!(mail.status, 200, "{link}");
        assert!(mail.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
        let text = browser.get(&Url::parse(&format!("{link}&text=1")).unwrap()).await;
        assert!(text.body.contains(&mail.part("h1")), "{link}");
    }
    let none = browser.get(&app.public(&format!("{INDEX}/mails/nothing"))).await;
    assert_eq!(none.status, 404);
    let none = browser.get(&app.public(&format!("{INDEX}/nothing"))).await;
    assert_eq!(none.status, 404);
}
