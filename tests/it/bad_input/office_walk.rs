//! Every address of the back office at once: what is posted there by others, what its answers carry, and what its
//! pages make of hostile text.

use super::Snapshot;
use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD};
use crate::support::browser::{Browser, Form, Page};
use crate::support::{RETURN_URL, psu::ANA};
use regex::Regex;
use scraper::{Html, Selector};
use serde_json::json;
use smartpay::flow::add_admin::add_admin;
use smartpay::flow::four_eyes::Change;
use smartpay::store::admins::{self, Role};
use smartpay::store::partners;
use smartpay::web::back_office::roles::{Route, Verb};
use std::collections::BTreeSet;
use std::path::Path;

/// What stands in the places of addresses.
pub struct Places {
    payment: i64,
    partner: String,
    user: String,
    proposal: String,
}

impl Places {
    pub async fn of(app: &TestApp) -> Self {
        let partner = app.partner_id("shop").await;
        let other = RETURN_URL.replace("inapoi", "alta").parse().unwrap();
        let change = Change::RedirectUrls {
            partner: partner.clone(),
            urls: vec![other],
            flexible: false,
        };
        add_admin(&app.cx.db, "vasile.vechi", PASSWORD.to_owned().into(), "story", app.cx.now())
            .await
            .unwrap();
        let user = app.cx.db.read(|a| admins::by_user_name(a, "vasile.vechi")).await.unwrap().unwrap();
        Self {
            payment: app.shop().start(json!({ "amount": "12.00" })).await.tokens.payment,
            proposal: app.propose(change).await.unwrap(),
            user: user.id,
            partner,
        }
    }

    /// The address of a route, with something that is there in its places.
    pub fn path(&self, route: Route) -> String {
        let id = match route.path().split('/').nth(2).unwrap_or_default() {
            "payments" => self.payment.to_string(),
            "users" => self.user.clone(),
            "proposals" => self.proposal.clone(),
            _ => self.partner.clone(),
        };
        let path = route.path().replace("{id}", &id).replace("{section}", "company");
        path.replace("{document}", "0190b5a4-0000-7000-8000-000000000000")
    }
}

/// Routes that change something.
pub fn posts() -> impl Iterator<Item = Route> {
    Route::ALL.iter().copied().filter(|route| route.entry().verb == Verb::Post)
}

/// What a form to an address is signed with in this browser: what its page would have put there.
pub fn token(app: &TestApp, browser: &Browser, route: Route, path: &str) -> String {
    // These forms stand on the list and are about it.
    let about = match route {
        Route::SearchPayments | Route::KeepSearch | Route::ForgetSearch => "/back-office/payments",
        _ => path,
    };
    token_about(app, browser, about)
}

fn token_about(app: &TestApp, browser: &Browser, about: &str) -> String {
    let secret = browser.cookie("smartpay").unwrap();
    app.cx.db.vault().keyed_hash("form", &format!("{about}|{secret}"))
}

/// Fields with which many of the forms do something.
fn good_fields(places: &Places) -> Vec<(String, String)> {
    [
        ("act", "lock"),
        ("user", "nou.suport"),
        ("role", "support"),
        ("current", PASSWORD),
        ("new", "sapte-rate-verzi-sub-punte-veche"),
        ("again", "sapte-rate-verzi-sub-punte-veche"),
        ("reason", "un motiv destul de lung"),
        ("about", &format!("payment:{}", places.payment)),
        ("language", "en"),
        ("back", "/back-office"),
        ("name", "Plăți noi"),
        ("client_id", "stranger"),
        ("kind", "ecommerce"),
        ("currency", "RON"),
        ("colour", "#0A5C36"),
        ("urls", "https://shop.example/alta"),
        ("active", "no"),
        ("session", "others"),
        ("code", "123456"),
        ("query", ""),
        ("confirmed", "yes"),
        ("understood", "yes"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn form(app: &TestApp, path: &str, page: &str, fields: Vec<(String, String)>) -> Form {
    Form {
        page: page.parse().unwrap(),
        action: app.public(path.trim_start_matches('/')),
        fields,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_from_other_sites_or_without_the_forms_own_token() {
    let app = TestApp::start().await;
    let places = Places::of(&app).await;
    let admin = Admin::of_role(&app, Role::Administrator).await;
    // Its page begins an enrolment, and shows it again with each problem.
    admin.get(&app.public("back-office/account/device")).await;
    let before = Snapshot::of(&app);
    let here = app.public("back-office").to_string();
    for route in posts() {
        let path = places.path(route);
        let with = |csrf: &str| [good_fields(&places), vec![("csrf".to_owned(), csrf.to_owned())]].concat();
        let own = token(&app, &admin, route, &path);
        for page in ["https://evil.example/", "http://127.0.0.1:1/", "https://shop.example/back-office"] {
            let answer = admin.submit(&form(&app, &path, page, with(&own))).await;
            assert_eq!(answer.status, 403, "{route:?} from {page}");
            assert_eq!(answer.heading(), "Cererea nu a putut fi primită", "{route:?} from {page}");
        }
        // Keeping the session alive is all that this one does, and every request does it.
        if route == Route::Extend {
            continue;
        }
        let stranger = Browser::new();
        stranger.get(&app.public("back-office/login")).await;
        for csrf in [
            "",
            "forged",
            &token(&app, &stranger, route, &path),
            &token_about(&app, &admin, "/back-office/x"),
        ] {
            let answer = admin.submit(&form(&app, &path, &here, with(csrf))).await;
            assert!(answer.status < 500, "{route:?}: {}", answer.status);
        }
        before.is_still(&app, &format!("{route:?} without its token"));
        assert_eq!(admin.home().await.status, 200, "{route:?}: the session goes on");
    }
    // The same forms with their tokens do change things, so that it was the tokens that were missing.
    let mut did = Vec::new();
    for route in posts().filter(|route| ![Route::SignOut, Route::SignIn].contains(route)) {
        let (path, before) = (places.path(route), Snapshot::of(&app));
        let csrf = token(&app, &admin, route, &path);
        let fields = [good_fields(&places), vec![("csrf".to_owned(), csrf)]].concat();
        let answer = admin.submit(&form(&app, &path, &here, fields)).await;
        assert!(answer.status < 500, "{route:?}: {}", answer.status);
        if Snapshot::of(&app) != before {
            did.push(route);
        }
    }
    assert!(did.len() >= 8, "{did:?}");
}

/// Whether a page brings or asks for anything that the policy would refuse (CSP level 3).
fn has_inline(body: &str) -> bool {
    let page = Html::parse_document(body);
    let has = |css: &str| page.select(&Selector::parse(css).unwrap()).next().is_some();
    let handlers = page
        .select(&Selector::parse("*").unwrap())
        .any(|e| e.value().attrs().any(|(name, _)| name.starts_with("on")));
    has("style, [style], script:not([src]), iframe, object, embed, base, [href^='javascript:']") || handlers
}

/// The headers that every answer of the back office carries.
fn is_guarded(page: &Page, row: &str) {
    let header = |name: &str| page.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action"] {
        assert!(policy.contains(part), "{row}: {policy}");
    }
    assert!(!policy.contains("unsafe-eval") && !policy.contains('*'), "{row}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{row}");
    assert_eq!(header("cache-control"), "no-store", "{row}");
    assert!(
        ["same-origin", "no-referrer"].contains(&header("referrer-policy").as_str()),
        "{row}"
    );
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{row}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{row}");
    assert!(header("permissions-policy").contains("camera=()"), "{row}");
    if header("content-type").starts_with("text/html") && !page.url.path().ends_with("/preview.html") {
        assert!(!has_inline(&page.body), "{row}: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_guarded() {
    let app = TestApp::start().await;
    let places = Places::of(&app).await;
    let admin = Admin::of_role(&app, Role::Administrator).await;
    let here = app.public("back-office").to_string();
    let stranger = Browser::new();
    for route in Route::ALL.iter().copied() {
        let path = places.path(route);
        for (who, browser) in [("administrator", &*admin), ("nobody", &stranger)] {
            let row = format!("{route:?} for {who}");
            let page = match route.entry().verb {
                Verb::Get => browser.get(&app.public(path.trim_start_matches('/'))).await,
                Verb::Post => browser.submit(&form(&app, &path, &here, Vec::new())).await,
            };
            is_guarded(&page, &format!("{row}, {}", page.status));
        }
    }
    for lost in ["back-office/nimic", "back-office/payments/1/2/3", "back-office/partners/x"] {
        let page = admin.get(&app.public(lost)).await;
        is_guarded(&page, lost);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_nowhere_says_so_in_the_words_of_the_back_office() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let no_partner = "back-office/partners/0190b5a4-0000-7000-8000-000000000000";
    for lost in ["back-office/nimic", "back-office/payments/999999999", no_partner] {
        let page = admin.get(&app.public(lost)).await;
        assert_eq!((page.status, page.heading().as_str()), (404, "Pagina nu există"), "{lost}");
        assert!(!page.text().contains("magazin"), "{lost}: {}", page.text());
        assert_eq!(page.link(".trail a").path(), "/back-office", "{lost}");
    }
    let payers = admin.get(&app.public("nimic")).await;
    assert!(payers.text().contains("revino la magazin"), "{}", payers.text());
    admin.remember("office-language", "en");
    assert_eq!(admin.get(&app.public("back-office/nimic")).await.heading(), "There is no such page");
    let next_door = admin.get(&app.public("back-officer")).await;
    assert!(next_door.text().contains("magazin") || next_door.text().contains("shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_of_partners_and_payers_stays_text() {
    const HOSTILE: &str = "<img src=x onerror=alert(1)>";
    let app = TestApp::start().await;
    let order = json!({ "amount": "12.00", "externalPaymentId": "<svg/onload=1>", "psuEmail": ANA.email });
    let payment = app.shop().start(order).await.tokens.payment;
    let named = app.cx.db.write(move |a| {
        let mut known = partners::by_client_id(a, "shop")?.unwrap();
        known.name = HOSTILE.into();
        partners::set_profile(a, &known)
    });
    assert!(named.await.unwrap());
    let admin = Admin::of_role(&app, Role::Administrator).await;
    let partner = app.partner_id("shop").await;
    for path in [
        "back-office".to_owned(),
        "back-office/payments".into(),
        format!("back-office/payments/{payment}"),
        "back-office/partners".into(),
        format!("back-office/partners/{partner}"),
        "back-office/mail".into(),
        "back-office/audit".into(),
        "back-office/reports".into(),
        "back-office/payments?partner=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E".into(),
    ] {
        let page = admin.get(&app.public(&path)).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.has("img[src='x'], svg[onload]") && !has_inline(&page.body),
            "{path}: {}",
            page.body
        );
    }
    admin.get(&app.public("back-office/partners")).await.says(HOSTILE);
}

/// Every name of a field in the templates of the back office.
fn field_names() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/back_office");
    let (mut folders, mut names) = (vec![root], BTreeSet::new());
    let name = Regex::new(r#" name="([a-z_]+)""#).unwrap();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(path).unwrap();
                names.extend(name.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    assert!(names.len() > 40, "{names:?}");
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_in_the_back_office_is_in_the_log_or_the_audit() {
    const CANARY: &str = "Canar Verde <canar.55190@firma.example> RO49AAAA1B31007593840055190";
    // Longer than the microseconds of a line of the log, which may be any digits.
    let parts = ["canar.55190", "840055190", "Canar Verde", "canar-verde"];
    let lines = crate::secrets::logged();
    let app = TestApp::start_with("[back_office]\ntotp = \"optional\"").await;
    let places = Places::of(&app).await;
    for role in [Role::Administrator, Role::Support] {
        let admin = Admin::of_role(&app, role).await;
        for route in posts().filter(|route| *route != Route::SignOut) {
            let path = places.path(route);
            let csrf = token(&app, &admin, route, &path);
            for value in [
                CANARY,
                "canar-verde-55190",
                "RO49AAAA1B31007593840055190",
                "canar.55190@firma.example",
            ] {
                let fields: Vec<(String, String)> = field_names()
                    .into_iter()
                    // Why somebody looks at personal data is meant for the audit log, and the form says so.
                    .filter(|name| name != "csrf" && !(name == "reason" && route == Route::Unmask))
                    .map(|name| (name, value.to_owned()))
                    .chain([("csrf".to_owned(), csrf.clone())])
                    .collect();
                let answer = admin.submit(&form(&app, &path, app.public("back-office").as_ref(), fields)).await;
                assert!(answer.status < 500, "{route:?}: {}", answer.status);
            }
        }
        for query in [
            "payments?email=canar.55190@firma.example&account=RO49AAAA1B31007593840055190",
            "canar-verde-55190",
            "audit?subject=canar-verde-55190",
        ] {
            admin.get(&app.public(&format!("back-office/{query}"))).await;
        }
        let wrong = app
            .admin()
            .await
            .try_to_sign_in("canar-verde-55190", "canar-verde-55190-parola")
            .await;
        assert!([401, 429].contains(&wrong.status));
    }
    let log = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(log.contains("/back-office/account/password"), "the log is being read");
    let audit = app
        .database
        .lines("SELECT actor || ' ' || action || ' ' || COALESCE(subject, '') || ' ' || COALESCE(detail, '') AS line FROM audit");
    for part in parts {
        let line = log.lines().chain(audit.iter().map(String::as_str)).find(|line| line.contains(part));
        assert!(line.is_none(), "{part}: {}", line.unwrap_or_default());
    }
}
