//! Around every page of the back office: who may open what, the navigation, the language, and personal data
//! that is masked until somebody says why it is needed.

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Form, Page};
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::store::admins::Role;
use smartpay::web::back_office::roles::{Route, Verb, Who};
use std::time::Duration;

const LOGIN: &str = "/back-office/login";
const REFUSED: &str = "Rolul tău nu deschide această pagină";

/// A request for a route as it is typed by hand: places filled, and no form behind it.
async fn ask(app: &TestApp, browser: &Browser, route: Route, payment: i64) -> Page {
    let path = route.path().replace("{id}", &payment.to_string());
    assert!(!path.contains('{'), "{route:?}: say here what stands in its places");
    let url = app.public(path.trim_start_matches('/'));
    match route.entry().verb {
        Verb::Get => browser.get(&url).await,
        Verb::Post => {
            let form = Form {
                page: url.clone(),
                action: url,
                fields: Vec::new(),
            };
            browser.submit(&form).await
        }
    }
}

/// Whether the answer is that of the table and not of the page.
fn is_refused(page: &Page) -> bool {
    page.status == 403 && page.body.contains(REFUSED)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_opens_what_the_table_says_and_nothing_else() {
    let app = TestApp::start().await;
    let payment = app.shop().start(json!({ "amount": "12.00" })).await.tokens.payment;
    for role in Role::ALL {
        let admin = Admin::of_role(&app, role).await;
        for route in Route::ALL.iter().copied().filter(|r| *r != Route::SignOut) {
            let page = ask(&app, &admin, route, payment).await;
            let row = format!("{role:?} {route:?}: {}", page.status);
            assert_eq!(is_refused(&page), !route.allows(role), "{row}");
            assert!(page.status < 500, "{row}");
            if route.allows(role) && route.entry().verb == Verb::Get && route.path().find('{').is_none() {
                assert!([200, 303].contains(&page.status), "{row}: nothing is registered there");
            }
            if route.entry().who != Who::Anybody && page.status == 303 {
                assert_ne!(page.leads_to().path(), LOGIN, "{row}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_signed_in_is_sent_to_the_sign_in_page() {
    let app = TestApp::start().await;
    let payment = app.shop().start(json!({ "amount": "12.00" })).await.tokens.payment;
    for route in Route::ALL.iter().copied().filter(|r| r.entry().who != Who::Anybody) {
        let page = ask(&app, &Browser::new(), route, payment).await;
        assert_eq!(page.leads_to().path(), LOGIN, "{route:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_navigation_leads_where_the_role_may_go() {
    let app = TestApp::start().await;
    for role in Role::ALL {
        let admin = Admin::of_role(&app, role).await;
        let home = admin.home().await;
        let links: Vec<_> = home.links(".areas a");
        assert!(!links.is_empty(), "{role:?}");
        for link in links {
            let page = admin.get(&link).await;
            assert_eq!((page.status, page.has(".areas [aria-current]")), (200, true), "{role:?} {link}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_kept_in_the_browser_and_with_the_account() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let login = admin.at("back-office/login?ended=1");
    let english = admin.get(&login).await.form("/language").with("language", "en");
    let page = admin.submit(&english).await;
    assert_eq!(page.leads_to(), login, "back to the same page");
    assert_eq!(admin.follow(&page).await.heading(), "Sign in");
    let sent = admin
        .try_to_sign_in(crate::support::admin::USER, crate::support::admin::PASSWORD)
        .await;
    let home = admin.follow(&sent).await;
    home.says("Signed in as").says("Payments");
    // The account remembers once somebody has chosen while signed in, in every browser.
    let romanian = home.form("/language").with("language", "ro");
    admin.follow(&admin.submit(&romanian).await).await.says("Autentificat ca");
    for (field, value) in [("language", "tlh"), ("csrf", "forged"), ("back", "https://evil.example/")] {
        let answer = admin
            .submit(&home.form("/language").with("language", "en").with(field, value))
            .await;
        assert_eq!(answer.leads_to().host(), login.host(), "{field}");
    }
    let romanian = admin.home().await.form("/language").with("language", "ro");
    admin.submit(&romanian).await;
    let elsewhere = app.admin().await;
    let english = elsewhere.get(&login).await.form("/language").with("language", "en");
    elsewhere.submit(&english).await;
    elsewhere.sign_in().await.says("Ieși");
}

#[tokio::test(flavor = "multi_thread")]
async fn support_sees_personal_data_after_saying_why() {
    const REASON: &str = "sesizarea 4711 a plătitorului";
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let paid = shop.start(json!({ "amount": "77.70" })).await;
    let to_bank = psu.pay(&paid.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    let about = format!("back-office/payments/{}", paid.tokens.payment);
    let iban = smartpay::payment::iban::Iban::parse(ANA.iban).unwrap();

    let sees = async |role| {
        let admin = Admin::of_role(&app, role).await;
        let page = admin.get(&admin.at(&about)).await;
        let seen = page.body.contains(&iban.grouped()) && page.body.contains(ANA.email);
        let masked = page.body.contains(&iban.masked()) && !page.body.contains(ANA.email);
        assert_ne!(seen, masked, "{role:?}");
        (admin, page, seen)
    };
    for role in [Role::Administrator, Role::Operations, Role::Compliance] {
        let (_, page, seen) = sees(role).await;
        assert!(seen && !page.has("form[action$='/unmask']"), "{role:?}");
    }
    let (_, page, seen) = sees(Role::ReadOnly).await;
    assert!(!seen && !page.has("form[action$='/unmask']"));
    let (support, page, seen) = sees(Role::Support).await;
    assert!(!seen);
    let form = page.form("/unmask");
    for (field, value, status) in [("reason", "", 422), ("csrf", "forged", 403), ("about", "x", 404)] {
        let wrong = form.clone().with("reason", REASON).with(field, value);
        assert_eq!(support.submit(&wrong).await.status, status, "{field}");
    }
    assert!(!support.get(&support.at(&about)).await.body.contains(ANA.email));
    let shown = support.submit(&form.with("reason", REASON)).await;
    assert_eq!(shown.leads_to(), support.at(&about));
    assert!(support.follow(&shown).await.body.contains(ANA.email));
    let written = app
        .database
        .lines("SELECT subject || ' ' || detail AS line FROM audit WHERE action = 'personal_data_unmasked'");
    assert_eq!(written, [format!("payment:{} {REASON}", paid.tokens.payment)]);
    // It is this session that sees it, not everybody of the role.
    let (_, _, seen) = sees(Role::Support).await;
    assert!(!seen);
}
