//! Signing in to the back office: one-time codes, passwords that grow old, sessions, and proofs before what is
//! sensitive.

use crate::support::TestApp;
use crate::support::admin::{Admin, PASSWORD, USER};
use crate::support::browser::Page;
use smartpay::flow::admins::manage::{Act, Actor, act, reset_password};
use smartpay::flow::admins::second_factor::code_at;
use smartpay::store::admins::{self, Role};
use std::time::Duration;

const LOGIN: &str = "/back-office/login";
const CODE: &str = "/back-office/login/code";
const DEVICE: &str = "/back-office/account/device";
const CHANGE: &str = "/back-office/account/password";
const CONFIRM: &str = "/back-office/confirm";
const REQUIRED: &str = "[back_office]\ntotp = \"required\"";
const NEXT_PASSWORD: &str = "sapte-rate-verzi-sub-punte-veche";
const STEP: Duration = Duration::from_secs(30);

/// Follows redirects to a page that is shown.
async fn arrive(admin: &Admin, mut page: Page) -> Page {
    for _ in 0..4 {
        if page.status != 303 {
            break;
        }
        page = admin.follow(&page).await;
    }
    page
}

/// Signs in for the first time and enrols a device; answers its secret and the recovery codes.
async fn enrol(app: &TestApp, admin: &Admin) -> (String, Vec<String>) {
    let page = arrive(admin, admin.try_to_sign_in(USER, PASSWORD).await).await;
    assert_eq!(page.url.path(), DEVICE);
    let secret = page.part("code.secret").replace(' ', "");
    let wrong = admin.submit(&page.form(DEVICE).with("code", "000000")).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.part("code.secret").replace(' ', ""),
        secret,
        "the same secret as long as it is not enrolled"
    );
    let code = code_at(&secret, app.cx.now()).unwrap();
    let codes = admin.submit(&wrong.form(DEVICE).with("code", &code)).await;
    codes.says("Coduri de rezervă");
    let codes: Vec<String> = codes.parts(".codes code");
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

async fn enter(admin: &Admin, code: &str) -> Page {
    let page = admin.get(&admin.at(CODE)).await;
    admin.submit(&page.form(CODE).with("code", code)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_enrolled_first_and_each_code_works_once() {
    let app = TestApp::start_with(REQUIRED).await;
    let admin = app.admin().await;
    let (secret, _) = enrol(&app, &admin).await;
    admin.home().await.says("Ultimele plăți");
    let audited = app.database.lines("SELECT action AS line FROM audit WHERE action LIKE 'totp%'");
    assert_eq!(audited, ["totp_enrolled"]);

    // In another browser the password alone opens nothing.
    let other = app.admin().await;
    let page = arrive(&other, other.try_to_sign_in(USER, PASSWORD).await).await;
    assert_eq!(page.url.path(), CODE);
    for path in ["/back-office", "/back-office/account", CHANGE, DEVICE, "/back-office/users"] {
        assert_eq!(other.get(&other.at(path)).await.leads_to().path(), CODE, "{path}");
    }
    // The code that enrolled the device was used; the next one works, once.
    let used = code_at(&secret, app.cx.now()).unwrap();
    assert_eq!(enter(&other, &used).await.status, 401);
    assert_eq!(enter(&other, "").await.status, 401);
    app.advance(STEP);
    let code = code_at(&secret, app.cx.now()).unwrap();
    let home = arrive(&other, enter(&other, &code).await).await;
    home.says("Ultimele plăți");
    let third = app.admin().await;
    arrive(&third, third.try_to_sign_in(USER, PASSWORD).await).await;
    assert_eq!(enter(&third, &code).await.status, 401, "a code works once");
    app.advance(STEP * 3);
    let old = code_at(&secret, app.cx.now() - STEP * 2).unwrap();
    assert_eq!(enter(&third, &old).await.status, 401, "two steps late");
    let late = code_at(&secret, app.cx.now() - STEP).unwrap();
    assert_eq!(enter(&third, &late).await.leads_to().path(), "/back-office", "one step late");
    // The secret is nowhere in the database.
    let stored = app
        .database
        .lines("SELECT CAST(COUNT(*) AS TEXT) AS line FROM admins WHERE totp_sealed IS NOT NULL");
    assert_eq!(stored, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_slowed_down() {
    let app = TestApp::start_with(REQUIRED).await;
    enrol(&app, &app.admin().await).await;
    let admin = app.admin().await;
    arrive(&admin, admin.try_to_sign_in(USER, PASSWORD).await).await;
    let mut answers = Vec::new();
    for guess in 10..22 {
        answers.push(enter(&admin, &format!("0000{guess}")).await.status);
    }
    assert_eq!((answers[0], answers[11]), (401, 429), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_stands_for_a_code_once() {
    let app = TestApp::start_with(REQUIRED).await;
    let (_, codes) = enrol(&app, &app.admin().await).await;
    for (code, status) in [
        (codes[3].to_lowercase(), 303),
        (codes[3].clone(), 401),
        (codes[4].replace('-', ""), 303),
    ] {
        let admin = app.admin().await;
        arrive(&admin, admin.try_to_sign_in(USER, PASSWORD).await).await;
        assert_eq!(enter(&admin, &code).await.status, status, "{code}");
    }
    let stored = app.database.lines("SELECT code_hash AS line FROM admin_recovery_codes");
    assert!(stored.len() == 10 && !codes.iter().any(|code| stored.contains(code)), "hashes only");
}

/// Fills in the form of the password.
async fn change(admin: &Admin, current: &str, new: &str, again: &str) -> Page {
    let page = admin.get(&admin.at(CHANGE)).await;
    let form = page.form(CHANGE).with("current", current).with("new", new).with("again", again);
    admin.submit(&form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changes_only_for_who_knows_it_and_to_a_good_one() {
    let app = TestApp::start().await;
    let (admin, other) = (app.admin().await, app.admin().await);
    admin.sign_in().await;
    other.sign_in().await;
    for (current, new, again, said) in [
        (
            "gresita-gresita-gresita",
            NEXT_PASSWORD,
            NEXT_PASSWORD,
            "Parola de acum nu este corectă.",
        ),
        (PASSWORD, "scurta-scurta", "scurta-scurta", "mai puțin de 15 caractere"),
        (PASSWORD, "maria.admin maria.admin", "maria.admin maria.admin", "ușor de ghicit"),
        (PASSWORD, PASSWORD, PASSWORD, "una dintre ultimele 12"),
        (PASSWORD, NEXT_PASSWORD, "altceva", "nu sunt la fel"),
    ] {
        let page = change(&admin, current, new, again).await;
        assert_eq!(page.status, 422, "{said}");
        assert!(page.part("[role=alert]").contains(said), "{said}: {}", page.text());
        assert!(!page.body.contains(new), "a password is never shown again");
    }
    let forged = admin.get(&admin.at(CHANGE)).await.form(CHANGE).with("csrf", "forged");
    assert_eq!(admin.submit(&forged).await.status, 403);
    let before = admin.cookie("office").unwrap();
    let page = arrive(&admin, change(&admin, PASSWORD, NEXT_PASSWORD, NEXT_PASSWORD).await).await;
    page.says("Parola a fost schimbată.");
    assert_ne!(admin.cookie("office").unwrap(), before, "the session has a new key");
    assert_eq!(other.home().await.leads_to().path(), LOGIN, "other sessions have ended");
    assert_eq!(other.try_to_sign_in(USER, PASSWORD).await.status, 401);
    assert_eq!(other.try_to_sign_in(USER, NEXT_PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_twelve_passwords_are_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let password = |n: usize| format!("{n}-berze-cu-umbrele-mov-{n}");
    let mut current = PASSWORD.to_owned();
    for n in 0..12 {
        // The allowance for passwords grows by one a minute of real time: a new account of tries each time.
        let known = app.cx.db.read(|a| admins::by_user_name(a, USER)).await.unwrap().unwrap();
        let new = password(n);
        let cx = fresh_limits(&app);
        smartpay::flow::admins::password::change(&cx, &known, current.clone().into(), new.clone().into(), "none")
            .await
            .unwrap();
        current = new;
    }
    // The first password is the thirteenth from the end, and is taken again; the second is not.
    let known = || async { app.cx.db.read(|a| admins::by_user_name(a, USER)).await.unwrap().unwrap() };
    let try_again = |new: String, known, current: String| {
        let cx = fresh_limits(&app);
        async move { smartpay::flow::admins::password::change(&cx, &known, current.into(), new.into(), "none").await }
    };
    for n in 0..12 {
        assert!(try_again(password(n), known().await, current.clone()).await.is_err(), "{n}");
    }
    try_again(PASSWORD.into(), known().await, current).await.unwrap();
}

/// The context with nothing tried yet.
fn fresh_limits(app: &TestApp) -> smartpay::flow::Context {
    let mut cx = app.cx.clone();
    let mut rules = (*cx.rules).clone();
    rules.sign_in_limit = smartpay::flow::sign_in::SignInLimit::default();
    cx.rules = std::sync::Arc::new(rules);
    cx
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_password_opens_nothing_but_its_change() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    assert!(!admin.home().await.text().contains("Parola trebuie schimbată"));
    app.advance(Duration::from_secs(54 * 86_400));
    admin.sign_in().await.says("Parola trebuie schimbată în cel mult 6 zile.");
    app.advance(Duration::from_secs(6 * 86_400));
    let page = arrive(&admin, admin.try_to_sign_in(USER, PASSWORD).await).await;
    assert_eq!(page.url.path(), CHANGE);
    for path in ["/back-office", "/back-office/account", "/back-office/users", DEVICE] {
        assert_eq!(admin.get(&admin.at(path)).await.leads_to().path(), CHANGE, "{path}");
    }
    let page = arrive(&admin, change(&admin, PASSWORD, NEXT_PASSWORD, NEXT_PASSWORD).await).await;
    page.says("Parola a fost schimbată.");
    admin.home().await.says("Ultimele plăți");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_may_be_left_to_last() {
    let app = TestApp::start_with("[back_office]\npassword_days = 0").await;
    app.advance(Duration::from_secs(400 * 86_400));
    let admin = app.admin().await;
    app.advance(Duration::from_secs(400 * 86_400));
    admin.sign_in().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_eight_hours_of_work() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    for _ in 0..119 {
        app.advance(Duration::from_secs(4 * 60));
        assert_eq!(admin.home().await.status, 200);
    }
    app.advance(Duration::from_secs(4 * 60));
    assert_eq!(admin.home().await.leads_to().path(), LOGIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_when_the_session_ends_and_its_button_extends_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let home = admin.sign_in().await;
    assert!(home.has("footer.idle[data-idle-seconds='300']"), "{}", home.body);
    for _ in 0..3 {
        app.advance(Duration::from_secs(4 * 60));
        assert_eq!(admin.submit(&home.form("/extend")).await.leads_to().path(), "/back-office");
    }
    admin.home().await.says("Ultimele plăți");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_one_by_one_or_all_at_once() {
    let app = TestApp::start().await;
    let (admin, second, third) = (app.admin().await, app.admin().await, app.admin().await);
    for browser in [&admin, &second, &third] {
        browser.sign_in().await;
        app.advance(Duration::from_secs(1));
    }
    let page = admin.get(&admin.at("back-office/account")).await;
    page.says("127.0.0.1").says("Mozilla/5.0 (stories)").says("aceasta");
    let ids = page.values("button[name=session]");
    assert_eq!(ids.len(), 3, "two sessions and all others: {ids:?}");
    let end = |id: &str| page.form("/account/sessions").with("session", id);
    admin.submit(&end(&ids[0]).with("csrf", "forged")).await;
    assert_eq!(third.home().await.status, 200);
    arrive(&admin, admin.submit(&end(&ids[0])).await)
        .await
        .says("Sesiunile alese s-au încheiat.");
    assert_eq!(third.home().await.leads_to().path(), LOGIN, "the newest stands first");
    assert_eq!(second.home().await.status, 200);
    admin.submit(&end("others")).await;
    assert_eq!(second.home().await.leads_to().path(), LOGIN);
    assert_eq!(admin.home().await.status, 200);
    // A session of somebody else does not end by its name.
    let support = Admin::of_role(&app, Role::Support).await;
    let own = app
        .database
        .lines("SELECT session_id AS line FROM admin_sessions s JOIN admins a ON a.id = s.admin_id WHERE a.user_name = 'maria.admin'");
    let second = Admin::of_role(&app, Role::Support).await;
    let theirs = second.get(&second.at("back-office/account")).await;
    second.submit(&theirs.form("/account/sessions").with("session", &own[0])).await;
    assert_eq!((admin.home().await.status, support.home().await.status), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sensitive_asks_for_a_proof_and_comes_back() {
    let app = TestApp::start_with(REQUIRED).await;
    let admin = app.admin().await;
    let (secret, _) = enrol(&app, &admin).await;
    let account = admin.get(&admin.at("back-office/account")).await;
    let renew = account.form("/recovery-codes");
    admin.submit(&renew).await.says("Coduri de rezervă");
    app.advance(Duration::from_secs(4 * 60));
    admin.home().await;
    app.advance(Duration::from_secs(61));
    let asked = admin.submit(&renew).await.leads_to();
    assert_eq!(asked.path(), CONFIRM);
    let device = admin.get(&admin.at(DEVICE)).await;
    assert_eq!(
        (device.leads_to().path(), device.leads_to().query()),
        (CONFIRM, Some("back=%2Fback-office%2Faccount%2Fdevice"))
    );
    let page = admin.follow(&device).await;
    assert_eq!(admin.submit(&page.form(CONFIRM).with("code", "123456")).await.status, 401);
    let code = code_at(&secret, app.cx.now()).unwrap();
    let back = admin.submit(&page.form(CONFIRM).with("code", &code)).await;
    assert_eq!(back.leads_to().path(), DEVICE);
    assert_eq!(admin.submit(&renew).await.status, 200);
    let elsewhere = page.form(CONFIRM).with("back", "https://evil.example/");
    app.advance(STEP);
    let code = code_at(&secret, app.cx.now()).unwrap();
    assert_eq!(admin.submit(&elsewhere.with("code", &code)).await.leads_to().path(), "/back-office");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_was_here_before_is_not_locked_out_by_strangers() {
    let app = TestApp::start().await;
    let (admin, stranger) = (app.admin().await, app.admin().await);
    admin.sign_in().await;
    admin.remember("office", "gone");
    let mut last = 0;
    for _ in 0..8 {
        last = stranger.try_to_sign_in(USER, "gresit-gresit-gresit").await.status;
    }
    assert_eq!(last, 429);
    // The same address and the same name, but a browser with a mark.
    assert_eq!(admin.try_to_sign_in(USER, PASSWORD).await.status, 303);
    // The mark is worth nothing for another name, or when it is made up.
    assert_eq!(stranger.try_to_sign_in(USER, PASSWORD).await.status, 429);
    stranger.remember("office-device", "made.up");
    assert_eq!(stranger.try_to_sign_in(USER, PASSWORD).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_account_changes_its_password_first() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.sign_in().await;
    let known = app.cx.db.read(|a| admins::by_user_name(a, USER)).await.unwrap().unwrap();
    let first = reset_password(&app.cx, &known.id, &Actor::CommandLine).await.unwrap();
    assert_eq!(admin.home().await.leads_to().path(), LOGIN, "the sessions have ended");
    let first = secrecy::ExposeSecret::expose_secret(&first).to_owned();
    let page = arrive(&admin, admin.try_to_sign_in(USER, &first).await).await;
    assert_eq!(page.url.path(), CHANGE);
    arrive(&admin, change(&admin, &first, NEXT_PASSWORD, NEXT_PASSWORD).await)
        .await
        .says("Parola a fost schimbată.");
    act(&app.cx.db, &known.id, Act::Lock, &Actor::CommandLine, app.cx.now())
        .await
        .unwrap();
    assert_eq!(admin.home().await.leads_to().path(), LOGIN);
    assert_eq!(
        admin.try_to_sign_in(USER, NEXT_PASSWORD).await.status,
        401,
        "locked, and nobody is told"
    );
    act(&app.cx.db, &known.id, Act::Unlock, &Actor::CommandLine, app.cx.now())
        .await
        .unwrap();
    assert_eq!(admin.try_to_sign_in(USER, NEXT_PASSWORD).await.status, 303);
}
