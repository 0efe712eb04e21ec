//! Signing in to the back office with anything but the right name and password.

use super::form::{Raw, attribute, encoded, texts, without};
use super::{Snapshot, UNLIMITED};
use crate::support::TestApp;
use smartpay::flow::add_admin::add_admin;

const LOGIN: &str = "/back-office/login";
const PASSWORD: &str = "o parolă lungă, de poveste";
const WRONG: &str = "Utilizatorul sau parola nu este corectă.";
const ELSEWHERE: &str = "Nimic nu s-a schimbat. Revino la pagina anterioară, reîncarc-o și încearcă din nou.";
const ENDED: &str = "Sesiunea s-a încheiat. Intră din nou.";

async fn with_admin() -> TestApp {
    let app = TestApp::start_with(UNLIMITED).await;
    add_admin(&app.cx.db, "ioana", PASSWORD.to_owned().into(), "story", app.cx.now())
        .await
        .unwrap();
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_and_passwords_are_not_told_apart() {
    let app = with_admin().await;
    let browser = app.psu();
    let form = browser.get(&app.public(LOGIN)).await.form(LOGIN);
    let before = Snapshot::of(&app).without("audit");
    let long = "x".repeat(10_000);
    for (user, password) in [
        (None, None),
        (Some(""), Some("")),
        (Some("ioana"), None),
        (None, Some(PASSWORD)),
        (Some("ioana"), Some("")),
        (Some("ioana"), Some("o parolă lungă, de povesti")),
        (Some("ioana"), Some(" o parolă lungă, de poveste")),
        (Some("ioana"), Some(&long)),
        (Some(" ioana "), Some("password")),
        (Some("IOANA"), Some(PASSWORD)),
        (Some("nimeni"), Some(PASSWORD)),
        (Some("ioana\0"), Some(PASSWORD)),
        (Some("\0"), Some("\0")),
        (Some("ioana\u{202e}"), Some(PASSWORD)),
        (Some(&long), Some(PASSWORD)),
        (Some("\"><script>alert(1)</script>"), Some("'; DROP TABLE admins; --")),
    ] {
        let mut sent = without(without(form.clone(), "user"), "password");
        for (name, value) in [("user", user), ("password", password)] {
            if let Some(value) = value {
                sent = sent.with(name, value);
            }
        }
        let row = format!("{:?}", user.map(|u| u.chars().take(30).collect::<String>()));
        let page = Raw::like(&app, &browser).submit(&sent).await;
        assert_eq!((page.status, texts(&page, "[role=alert]")), (401, vec![WRONG.to_owned()]), "{row}");
        assert!(!page.headers.contains_key("set-cookie"), "{row}: no session");
        let kept = user.unwrap_or_default().replace('\0', "\u{fffd}");
        assert_eq!(attribute(&page, "#user", "value").unwrap(), kept, "{row}");
        assert_eq!(attribute(&page, "#password", "value"), None, "{row}");
        assert!(!page.body.contains("<script>") && !page.body.contains(PASSWORD), "{row}");
        let now = Snapshot::of(&app).without("audit");
        assert!(now == before, "{row} has changed something");
    }
    let home = browser.get(&app.public("/back-office")).await;
    assert_eq!(home.leads_to().path(), LOGIN, "nobody is signed in");
    // However slow the machine is: tries come back with time, one in some seconds.
    let wrong = form.with("user", "ioana").with("password", "o parolă lungă, de povești");
    let mut refused = false;
    for _ in 0..30 {
        refused = refused || browser.submit(&wrong).await.status == 429;
    }
    assert!(refused, "too many tries for one name from one address");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_unreadable_forms() {
    let app = with_admin().await;
    let (browser, other) = (app.psu(), app.psu());
    let form = browser
        .get(&app.public(LOGIN))
        .await
        .form(LOGIN)
        .with("user", "ioana")
        .with("password", PASSWORD);
    let others = other.get(&app.public(LOGIN)).await.form(LOGIN);
    let before = Snapshot::of(&app);
    let own = || Raw::like(&app, &browser);
    let csrf = |value: &str| encoded(&form.clone().with("csrf", value));
    let elsewhere = Raw {
        origin: Some("https://evil.example".into()),
        ..own()
    };
    let unknown = Raw { cookie: None, ..own() };
    let rows = [
        ("no token", own(), encoded(&without(form.clone(), "csrf")), 403),
        ("an empty token", own(), csrf(""), 403),
        ("a wrong token", own(), csrf(&"x".repeat(43)), 403),
        ("another browser's token", own(), csrf(others.value("csrf")), 403),
        ("another site", elsewhere, encoded(&form), 403),
        ("no cookie", unknown, encoded(&form), 403),
        (
            "JSON",
            Raw {
                content_type: Some("application/json"),
                ..own()
            },
            "{}".into(),
            415,
        ),
        (
            "no type",
            Raw {
                content_type: None,
                ..own()
            },
            encoded(&form),
            415,
        ),
        ("a field twice", own(), format!("{}&user=x", encoded(&form)), 400),
        ("2 MB", own(), encoded(&form.clone().with("password", &"x".repeat(2_000_000))), 413),
    ];
    for (row, raw, body, status) in rows {
        let page = raw.post(&app.public(LOGIN), body).await;
        assert_eq!(page.status, status, "{row}: {}", page.text());
        assert!(!page.heading().is_empty() && !page.body.contains(PASSWORD), "{row}");
        if status == 403 {
            let said = if row == "another site" { ELSEWHERE } else { ENDED };
            assert_eq!(texts(&page, "[role=alert]"), [said], "{row}");
        }
        before.is_still(&app, row);
    }
    for (path, status) in [
        ("/back-office/login?ended=%ff", 200),
        ("/back-office/login?ended=1&ended=2", 400),
        ("/back-office/nope", 404),
    ] {
        assert_eq!(browser.get(&app.public(path)).await.status, status, "{path}");
    }
    before.is_still(&app, "queries");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_takes_the_token_too() {
    let app = with_admin().await;
    let browser = app.psu();
    let form = browser.get(&app.public(LOGIN)).await.form(LOGIN);
    let form = form.with("user", "ioana").with("password", PASSWORD);
    let home = browser.follow(&browser.submit(&form).await).await;
    assert_eq!(home.heading(), "Plăți");
    let out = home.form("/back-office/logout");
    for csrf in ["", "x"] {
        browser.submit(&out.clone().with("csrf", csrf)).await;
        assert_eq!(browser.get(&app.public("/back-office")).await.heading(), "Plăți");
    }
    let nobody = Raw::like(&app, &browser).post(&app.public("/back-office/logout"), "").await;
    assert_eq!(nobody.leads_to().path(), LOGIN, "without the session there is nobody to sign out");
    browser.submit(&out).await;
    assert_eq!(browser.get(&app.public("/back-office")).await.leads_to().path(), LOGIN);
}
