//! Forms and links that are not this browser's, or not a form at all.

use super::form::{ELSEWHERE, MISSING, POSTED, Raw, SUBMIT, WITHDRAW, attribute, encoded, filled_in, without};
use super::{Snapshot, UNLIMITED};
use crate::support::TestApp;
use crate::support::psu::ANA;

const EXPIRED: &str = "Pagina a stat deschisă prea mult";

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_quite_right_leads_to_one_and_the_same_page() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let (psu, other) = (app.psu(), app.psu());
    let (started, _) = filled_in(&psu, &shop).await;
    let unopened = shop.start(serde_json::json!({})).await;
    let state = |link: &url::Url| link.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
    let (id, right) = (started.tokens.payment, state(&started.link));
    let before = Snapshot::of(&app);
    let mut pages = Vec::new();
    for query in [
        String::new(),
        "?".into(),
        "?payment=&state=".into(),
        format!("?payment={id}"),
        format!("?state={right}"),
        format!("?payment={id}&state="),
        format!("?payment={id}&state={}", &right[1..]),
        format!("?payment={id}&state={}", right.to_lowercase() + "x"),
        format!("?payment={id}&state={}", state(&unopened.link)),
        format!("?payment={}&state={right}", unopened.tokens.payment),
        format!("?payment=1000000000000001&state={right}"),
        format!("?payment=0&state={right}"),
        format!("?payment=%00&state={right}"),
        format!("?payment={id}'&state={right}"),
        format!("?payment={id}&payment={id}&state={right}"),
        format!("?payment={id}&state={right}&state=x"),
        "?payment=%ff&state=%fe".into(),
        format!("?payment={id}&state={}", "x".repeat(10_000)),
        format!("?payment={id}&state={right}%00"),
    ] {
        let page = psu.get(&app.public(&format!("{SUBMIT}{query}"))).await;
        assert_eq!((page.status, page.heading().as_str()), (404, MISSING), "{query}");
        assert!(!page.body.contains("123,45") && !page.body.contains("<script>"), "{query}");
        pages.push(page.body);
        let page = other.get(&app.public(&format!("{SUBMIT}/state{query}"))).await;
        assert!([400, 404].contains(&page.status), "{query}: {}", page.status);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "the pages do not tell why");
    let page = other.get(&started.link).await;
    assert_eq!((page.status, page.heading().as_str()), (403, ELSEWHERE));
    assert!(!page.body.contains("123,45") && !page.body.contains(&right));
    for (path, status) in [
        ("/partner/%00/style.css", 404),
        ("/partner/%ff/logo", 404),
        ("/partner/x'/logo", 404),
        ("/terms?lang=%ff", 200),
        ("/terms?lang=ro&lang=en", 400),
    ] {
        assert_eq!(psu.get(&app.public(path)).await.status, status, "{path}");
    }
    before.is_still(&app, "wrong links");
    psu.open(&started.link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_form_is_shown_again_and_does_nothing() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (psu, other) = (app.psu(), app.psu());
    let (started, form) = filled_in(&psu, &app.shop()).await;
    let (_, second) = filled_in(&psu, &app.shop()).await;
    let (_, others) = filled_in(&other, &app.shop()).await;
    let own = Raw::like(&app, &psu);
    let before = Snapshot::of(&app);
    let evil = [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "garbage",
        "http://127.0.0.1:1",
    ];
    let mut attempts = vec![
        ("no token", without(form.clone(), "csrf"), own.origin.clone()),
        ("an empty token", form.clone().with("csrf", ""), own.origin.clone()),
        ("a wrong token", form.clone().with("csrf", &"x".repeat(43)), own.origin.clone()),
        ("a long token", form.clone().with("csrf", &"x".repeat(10_000)), own.origin.clone()),
        (
            "another payment's token",
            form.clone().with("csrf", second.value("csrf")),
            own.origin.clone(),
        ),
        (
            "another browser's token",
            form.clone().with("csrf", others.value("csrf")),
            own.origin.clone(),
        ),
    ];
    attempts.extend(evil.map(|origin| (origin, form.clone(), Some(origin.to_owned()))));
    for (row, form, origin) in attempts {
        let raw = Raw {
            origin,
            ..Raw::like(&app, &psu)
        };
        let page = raw.submit(&form).await;
        assert_eq!(page.status, 403, "{row}");
        assert!(page.text().contains(EXPIRED), "{row}: {}", page.text());
        assert_eq!(attribute(&page, "input#debtor_iban", "value").as_deref(), Some(ANA.iban), "{row}");
        let mut withdraw = form.clone();
        withdraw.action = app.public(WITHDRAW);
        assert_eq!(raw.submit(&withdraw).await.leads_to().path(), SUBMIT, "{row}");
        before.is_still(&app, row);
    }
    // Browsers that send no Origin at all are judged by the token alone.
    let raw = Raw { origin: None, ..own };
    assert_eq!(raw.submit(&form).await.status, 303);
    assert_eq!(app.payment(started.tokens.payment).await.attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_or_payment_learns_nothing() {
    let app = TestApp::start_with(UNLIMITED).await;
    let (psu, other) = (app.psu(), app.psu());
    let (_, form) = filled_in(&psu, &app.shop()).await;
    let (_, second) = filled_in(&psu, &app.shop()).await;
    filled_in(&other, &app.shop()).await;
    let own = Raw::like(&app, &psu);
    let before = Snapshot::of(&app);
    let cookies = [
        ("no cookie", None, 404, MISSING),
        ("another browser's cookie", Raw::like(&app, &other).cookie, 403, ELSEWHERE),
        ("an invented cookie", Some(format!("smartpay={}", "x".repeat(43))), 403, ELSEWHERE),
        ("a short cookie", Some("smartpay=x".into()), 404, MISSING),
        ("a long cookie", Some(format!("smartpay={}", "x".repeat(5000))), 404, MISSING),
        ("garbage for a cookie", Some("=;;=\\%00".into()), 404, MISSING),
    ];
    for (row, cookie, status, heading) in cookies {
        let raw = Raw {
            cookie,
            ..Raw::like(&app, &psu)
        };
        for path in POSTED {
            let page = raw.post(&app.public(path), encoded(&form)).await;
            assert_eq!((page.status, page.heading().as_str()), (status, heading), "{row} {path}");
            assert!(!page.body.contains(ANA.iban) && !page.body.contains("123,45"), "{row}: {path}");
        }
        before.is_still(&app, row);
    }
    for (row, wrong) in [
        ("no payment", without(form.clone(), "payment")),
        ("no state", without(form.clone(), "state")),
        ("another payment", form.clone().with("payment", second.value("payment"))),
        ("another state", form.clone().with("state", second.value("state"))),
        ("a state that is none", form.clone().with("state", "\0")),
        ("a payment that is none", form.clone().with("payment", "<script>")),
    ] {
        for path in POSTED {
            let page = own.post(&app.public(path), encoded(&wrong)).await;
            assert_eq!((page.status, page.heading().as_str()), (404, MISSING), "{row} {path}");
        }
    }
    before.is_still(&app, "wrong payments");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_form() {
    let app = TestApp::start_with(UNLIMITED).await;
    let psu = app.psu();
    let (_, form) = filled_in(&psu, &app.shop()).await;
    let before = Snapshot::of(&app);
    let good = encoded(&form);
    let kinds = [
        Some("application/json"),
        Some("multipart/form-data; boundary=x"),
        Some("text/plain"),
        Some("application/x-www-form-urlencodedx"),
        Some(";"),
        None,
    ];
    let urlencoded = Some(super::FORM);
    let mut rows: Vec<(String, Option<&'static str>, Vec<u8>, u16)> =
        kinds.map(|kind| (format!("{kind:?}"), kind, good.clone().into_bytes(), 415)).into();
    for (row, size) in [("64 kB and a bit", 66_000), ("2 MB", 2_000_000)] {
        rows.push((
            row.into(),
            urlencoded,
            format!("{good}&more={}", "x".repeat(size)).into_bytes(),
            413,
        ));
    }
    rows.push(("a field twice".into(), urlencoded, format!("{good}&bank=cec").into_bytes(), 400));
    rows.push(("a payment twice".into(), urlencoded, format!("payment=1&{good}").into_bytes(), 400));
    rows.push(("an empty body".into(), urlencoded, Vec::new(), 404));
    rows.push(("bytes".into(), urlencoded, (0..=255u8).cycle().take(10_000).collect(), 404));
    for (row, content_type, body, status) in rows {
        for path in POSTED {
            let raw = Raw {
                content_type,
                ..Raw::like(&app, &psu)
            };
            let page = raw.post(&app.public(path), body.clone()).await;
            assert_eq!(page.status, status, "{row} {path}: {}", page.text());
            assert!(!page.heading().is_empty() && page.has("html[lang=ro]"), "{row} {path}");
        }
        before.is_still(&app, &row);
    }
    let take = app.public("/payment-initiation/hand-over");
    for (content_type, body, status) in [
        (Some("text/plain"), "payment=1&key=2".to_owned(), 415),
        (urlencoded, String::new(), 404),
        (urlencoded, "key=%ff%00&payment=%ff".to_owned(), 404),
        (urlencoded, "key=1&key=2".to_owned(), 400),
        (urlencoded, format!("key={}", "k".repeat(66_000)), 413),
    ] {
        let raw = Raw {
            content_type,
            ..Raw::like(&app, &psu)
        };
        assert_eq!(raw.post(&take, body).await.status, status);
    }
    before.is_still(&app, "hand-overs");
    // The same pages for people who read English.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = http.post(app.public(SUBMIT)).header("Accept-Language", "en-GB,en;q=0.9").body("{}");
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 415);
    assert!(answer.text().await.unwrap().contains("The request could not be taken"));
    before.is_still(&app, "English");
    // Fields nobody asked for do no harm.
    let raw = Raw::like(&app, &psu);
    let more = format!("{good}&{}&status=settled&amount_minor=1&%ff=%fe", "x=y&".repeat(1000));
    assert_eq!(raw.post(&form.action, more).await.status, 303);
}
