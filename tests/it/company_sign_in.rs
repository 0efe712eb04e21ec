//! Signing in to the back office through the company's OpenID Connect provider.

use crate::support::TestApp;
use crate::support::admin::PASSWORD;
use crate::support::browser::{Browser, Form};
use crate::support::company::{COMPANY, ION, LOGIN, MARIA, Office, TOTP, reads};
use crate::support::provider::{Lie, Somebody};
use serde_json::json;
use smartpay::flow::admins::manage::{Act, Actor, act, reset_password};
use smartpay::flow::admins::second_factor::code_at;
use std::time::Duration;

const CONFIRM: &str = "/back-office/confirm";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_with_the_company_account() {
    let office = Office::open("").await;
    office.admin.remember("office", "planted");
    let home = office.sign_in(Somebody::with_mail("Maria@Firma.example")).await;
    home.says(&format!("Autentificat ca {MARIA}")).says("Ultimele plăți");
    assert_eq!(office.audited("signed_in"), [format!("{MARIA} company_account")]);
    assert_ne!(office.admin.cookie("office").as_deref(), Some("planted"));
    assert!(office.admin.cookie("office-company").is_none(), "the attempt is over");
    assert_eq!(office.provider.calls(), ["metadata", "keys", "token"]);
    // Nothing is left of the way but the session; the password grows old, and nobody who came in this way minds.
    let kept = office.app.database.lines("SELECT session_id AS line FROM admin_sessions");
    assert_eq!(kept.len(), 1, "{kept:?}");
    office.app.advance(Duration::from_secs(61 * 86_400));
    assert_eq!(office.admin.home().await.leads_to().path(), LOGIN, "idle as any other session");
    let home = office.sign_in(Somebody::with_mail(MARIA)).await;
    home.says("Ultimele plăți");
    assert!(!home.text().contains("Parola trebuie schimbată"));
    // The second way there needed no second look at what the provider publishes, an hour later it does.
    assert_eq!(office.provider.calls()[3..], ["metadata", "keys", "token"]);
    office.admin.submit(&home.form("/logout")).await;
    office.sign_in(Somebody::with_mail(MARIA)).await.says("Ultimele plăți");
    assert_eq!(office.provider.calls()[6..], ["token"]);
    // Passwords still work beside it.
    assert_eq!(office.app.admin().await.try_to_sign_in(ION, PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_is_not_good_lets_nobody_in() {
    let office = Office::open("").await;
    for (lie, _) in Lie::ALL {
        let page = office.is_refused(Somebody::who_lies(lie, MARIA)).await;
        reads(&page, "Autentificarea cu contul companiei nu a reușit.");
    }
    let words: Vec<String> = Lie::ALL.iter().map(|(_, word)| format!("nobody {word}")).collect();
    assert_eq!(office.audited("company_sign_in_refused"), words);
    assert_eq!(office.audited("signed_in"), [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let office = Office::open("").await;
    let good = || Somebody::with_mail(MARIA);
    let url = office.leave().await;
    let way = office.provider.sign_in(&office.app, &url, good());
    // Another browser, with nothing, with rubbish, and with an attempt of its own.
    for key in [None, Some("rubbish")] {
        let other = Browser::new();
        if let Some(key) = key {
            other.remember("office-company", key);
        }
        assert_eq!(other.get(&way).await.status, 403, "{key:?}");
    }
    let other = Office {
        admin: office.app.admin().await,
        ..office
    };
    let theirs = other.leave().await;
    assert_eq!(other.come_back(&way).await.status, 403, "the state is another's");
    let office = other;
    assert_eq!(
        office
            .come_back(&office.provider.sign_in(&office.app, &theirs, good()))
            .await
            .status,
        403
    );
    assert!(!office.provider.calls().contains(&"token"), "no code was shown to anybody");
    // Once.
    let url = office.leave().await;
    let key = office.admin.cookie("office-company").unwrap();
    let way = office.provider.sign_in(&office.app, &url, good());
    let arrived = office.come_back(&way).await;
    let proof = office.admin.cookie("office-company").unwrap();
    assert_ne!(key, proof, "what comes back leads on under a new key");
    let again = Browser::new();
    again.remember("office-company", &key);
    assert_eq!(again.get(&way).await.status, 403, "the answer was used");
    office.admin.get(&arrived.link("a#go")).await;
    assert_eq!(office.admin.home().await.status, 200);
    again.remember("office-company", &proof);
    assert_eq!(
        again.get(&arrived.link("a#go")).await.leads_to().path(),
        LOGIN,
        "the proof was used"
    );
    assert!(again.cookie("office").is_none());
    assert_eq!(
        office.audited("company_sign_in_refused"),
        [
            "nobody no_attempt",
            "nobody no_attempt",
            "nobody state",
            "nobody no_attempt",
            "nobody no_attempt"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_the_provider_does_not_know_and_a_way_that_took_too_long_are_refused() {
    let office = Office::open("").await;
    // A code that was sold already.
    let url = office.leave().await;
    let first = office.provider.sign_in(&office.app, &url, Somebody::with_mail(MARIA));
    let code = first.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    office.go_on(&first).await.says("Ultimele plăți");
    office.admin.forget_cookies();
    let url = office.leave().await;
    let mut second = office.provider.sign_in(&office.app, &url, Somebody::with_mail(MARIA));
    let rest: Vec<(String, String)> = second.query_pairs().into_owned().collect();
    second.query_pairs_mut().clear().extend_pairs(rest.iter().map(|(name, value)| {
        let value = if name == "code" { &code } else { value };
        (name, value)
    }));
    assert_eq!(office.come_back(&second).await.status, 403);
    // Who comes from somewhere else, or says no.
    for (change, word) in [("iss", "https://login.evil.example"), ("error", "access_denied")] {
        let url = office.leave().await;
        let way = office.provider.sign_in(&office.app, &url, Somebody::with_mail(MARIA));
        let mut kept: Vec<(String, String)> = way.query_pairs().into_owned().filter(|(name, _)| name != change).collect();
        kept.push((change.to_owned(), word.to_owned()));
        let mut way = way;
        way.query_pairs_mut().clear().extend_pairs(kept);
        assert_eq!(office.come_back(&way).await.status, 403, "{change}");
    }
    // Who promised to name itself and does not (RFC 9207).
    office.provider.stop_naming_itself();
    office.is_refused(Somebody::with_mail(MARIA)).await;
    // Ten minutes are enough.
    let url = office.leave().await;
    let way = office.provider.sign_in(&office.app, &url, Somebody::with_mail(MARIA));
    office.app.advance(Duration::from_secs(601));
    assert_eq!(office.come_back(&way).await.status, 403);
    assert_eq!(
        office.audited("company_sign_in_refused"),
        [
            "nobody code",
            "nobody issuer_of_the_answer",
            "nobody refused_there",
            "nobody issuer_of_the_answer",
            "nobody no_attempt"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_users_that_are_there_come_in() {
    let office = Office::open("").await;
    let page = office.is_refused(Somebody::with_mail("straina@firma.example")).await;
    reads(&page, "nu are un utilizator aici");
    assert!(!page.body.contains("straina"), "nothing of the token is shown");
    let unverified = Somebody::with_mail(MARIA).and("email_verified", json!(false));
    reads(&office.is_refused(unverified).await, "nu are o adresă de e-mail verificată");
    let silent = Somebody::who_is(json!({ "sub": MARIA, "email": MARIA }));
    reads(&office.is_refused(silent).await, "nu are o adresă de e-mail verificată");
    let (id, now) = (office.id_of(ION).await, office.app.cx.now());
    act(&office.app.cx.db, &id, Act::Lock, &Actor::CommandLine, now).await.unwrap();
    reads(
        &office.is_refused(Somebody::with_mail(ION)).await,
        "Utilizatorul tău este blocat aici.",
    );
    assert_eq!(
        office.audited("company_sign_in_refused"),
        [
            "nobody unknown_user",
            "nobody email_not_verified",
            "nobody email_not_verified",
            "nobody locked_user"
        ]
    );
    // Locked on the way in, and while signed in.
    let url = office.leave().await;
    let arrived = office
        .come_back(&office.provider.sign_in(&office.app, &url, Somebody::with_mail(MARIA)))
        .await;
    let (id, now) = (office.id_of(MARIA).await, office.app.cx.now());
    act(&office.app.cx.db, &id, Act::Lock, &Actor::CommandLine, now).await.unwrap();
    assert_eq!(office.admin.get(&arrived.link("a#go")).await.leads_to().path(), LOGIN);
    act(&office.app.cx.db, &id, Act::Unlock, &Actor::CommandLine, now).await.unwrap();
    office.sign_in(Somebody::with_mail(MARIA)).await.says("Ultimele plăți");
    act(&office.app.cx.db, &id, Act::Lock, &Actor::CommandLine, now).await.unwrap();
    assert_eq!(office.admin.home().await.leads_to().path(), LOGIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_given_to_somebody_else_there_opens_nothing_here() {
    let office = Office::open("").await;
    let home = office.sign_in(Somebody::with_mail(MARIA)).await;
    assert_eq!(office.audited("company_account_kept"), [format!("{MARIA} ")]);
    office.admin.submit(&home.form("/logout")).await;
    let successor = || Somebody::with_mail(MARIA).and("sub", json!("somebody new"));
    reads(&office.is_refused(successor()).await, "nu are un utilizator aici");
    // Nor does the same account become another user by another name.
    let renamed = Somebody::with_mail(MARIA).and("email", json!(ION));
    reads(&office.is_refused(renamed).await, "nu are un utilizator aici");
    assert_eq!(
        office.audited("company_sign_in_refused"),
        ["nobody another_account", "nobody another_account"]
    );
    let id = office.id_of(MARIA).await;
    reset_password(&office.app.cx, &id, &Actor::CommandLine).await.unwrap();
    office.sign_in(successor()).await.says("Autentificat ca");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_may_be_known_by_another_word_also_from_userinfo() {
    let office = Office::open("match_by = \"preferred_username\"").await;
    let mail_only = Somebody::with_mail(MARIA);
    let page = {
        let url = office.leave().await;
        office.come_back(&office.provider.sign_in(&office.app, &url, mail_only)).await
    };
    assert_eq!(page.status, 403, "a verified address is not the word that was agreed");
    let mut named = Somebody::who_is(json!({ "sub": "1" }));
    named.info = json!({ "sub": "2", "preferred_username": MARIA });
    office.is_refused(named.clone()).await;
    named.info["sub"] = json!("1");
    office.sign_in(named).await.says(&format!("Autentificat ca {MARIA}"));
    assert_eq!(office.provider.calls().iter().filter(|call| **call == "userinfo").count(), 3);
    let office = Office::open("match_by = \"sub\"").await;
    let by_subject = Somebody::who_is(json!({ "sub": ION, "preferred_username": MARIA }));
    office.sign_in(by_subject).await.says(&format!("Autentificat ca {ION}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_not_there_before_is_looked_up() {
    let office = Office::open("").await;
    let home = office.sign_in(Somebody::with_mail(MARIA)).await;
    office.admin.submit(&home.form("/logout")).await;
    office.provider.change_keys();
    office.sign_in(Somebody::with_mail(MARIA)).await.says("Ultimele plăți");
    assert_eq!(office.provider.calls(), ["metadata", "keys", "token", "token", "keys"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_code_is_asked_for_unless_the_provider_asked_for_a_second_factor() {
    let more = "second_factor_amr = [\"otp\", \"hwk\"]\nsecond_factor_acr = \"urn:firma:doi-factori\"\n[back_office]\ntotp = \"required\"";
    let office = Office::open(more).await;
    office.enrol(MARIA).await;
    let asked = office.leave().await;
    assert!(
        asked
            .query_pairs()
            .any(|(name, value)| name == "acr_values" && value == "urn:firma:doi-factori")
    );
    // A password only, there: the code here.
    let page = office.sign_in(Somebody::with_mail(MARIA).and("amr", json!(["pwd"]))).await;
    assert_eq!(page.url.path(), "/back-office/login/code");
    assert_eq!(office.admin.home().await.leads_to().path(), "/back-office/login/code");
    assert_eq!(office.audited("company_account_accepted"), [format!("{MARIA} ")]);
    let before = office.admin.cookie("office").unwrap();
    let code = code_at(TOTP, office.app.cx.now()).unwrap();
    let page = office.admin.submit(&page.form("/login/code").with("code", &code)).await;
    office.admin.follow(&page).await.says("Ultimele plăți");
    assert_ne!(office.admin.cookie("office").unwrap(), before, "under a new key");
    // Both, there: nothing more here, whether a device is known here or not.
    for (name, claim, said) in [
        (MARIA, "amr", json!(["pwd", "otp"])),
        (ION, "amr", json!(["hwk"])),
        (ION, "acr", json!("urn:firma:doi-factori")),
    ] {
        office.admin.forget_cookies();
        let home = office.sign_in(Somebody::with_mail(name).and(claim, said)).await;
        home.says("Ultimele plăți");
    }
    // No second factor anywhere: a device is enrolled first.
    office.admin.forget_cookies();
    let page = office.sign_in(Somebody::with_mail(ION).and("amr", json!(["pwd", "sms"]))).await;
    assert_eq!(page.url.path(), "/back-office/account/device");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_what_is_sensitive_the_provider_is_asked_anew() {
    let office = Office::open("").await;
    let now = || office.app.cx.now().and_utc().timestamp();
    office
        .sign_in(Somebody::with_mail(MARIA).and("auth_time", json!(now() - 3600)))
        .await
        .says("Ultimele plăți");
    let users = office.admin.get(&office.admin.at("back-office/users")).await;
    let add = users.form("/back-office/users").with("user", "nou.suport").with("role", "support");
    let asked = office.admin.submit(&add).await;
    assert_eq!(asked.leads_to().path(), CONFIRM, "an hour ago is not just now");
    let page = office.admin.follow(&asked).await;
    assert!(!page.has("#password") && !page.has("#code"), "{}", page.text());
    let form = page.form("/confirm/company").with("back", "/back-office/users");
    let leave = async || {
        let url = office.on_the_way(&form).await;
        let asked: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
        url
    };
    let forged = office.admin.submit(&form.clone().with("csrf", "forged")).await;
    assert_eq!(forged.leads_to().path(), CONFIRM);
    // A session there that is an hour old, none at all, and another person do not do.
    for who in [
        Somebody::with_mail(MARIA).and("auth_time", json!(now() - 3600)),
        Somebody::with_mail(MARIA).and("auth_time", json!(null)),
        Somebody::with_mail(ION),
    ] {
        let back = office.come_back(&office.provider.sign_in(&office.app, &leave().await, who)).await;
        assert_eq!((back.status, back.link("a#go").path()), (403, CONFIRM), "{}", back.text());
        assert!(!back.has("meta[http-equiv=refresh]"), "the problem can be read");
        assert_eq!(office.admin.submit(&add).await.leads_to().path(), CONFIRM);
    }
    let before = office.admin.cookie("office").unwrap();
    let way = office.provider.sign_in(&office.app, &leave().await, Somebody::with_mail(MARIA));
    let arrived = office.come_back(&way).await;
    // Only in the session that asked.
    let thief = Browser::new();
    thief.remember("office-company", &office.admin.cookie("office-company").unwrap());
    assert_eq!(thief.get(&arrived.link("a#go")).await.leads_to().path(), LOGIN);
    assert_eq!(
        office.admin.submit(&add).await.leads_to().path(),
        CONFIRM,
        "the proof was spent there"
    );
    let page = office
        .go_on(&office.provider.sign_in(&office.app, &leave().await, Somebody::with_mail(MARIA)))
        .await;
    assert_eq!((page.status, page.url.path()), (200, "/back-office/users"));
    assert_ne!(office.admin.cookie("office").unwrap(), before, "under a new key");
    office
        .admin
        .submit(&page.form("/back-office/users").with("user", "nou.suport").with("role", "support"))
        .await
        .part("#first-password");
    assert_eq!(office.audited("confirmed"), [format!("{MARIA} company_account")]);
    // With a device for codes, that is what is asked for.
    office.enrol(MARIA).await;
    office.app.advance(Duration::from_secs(60));
    office.admin.forget_cookies();
    let page = office.sign_in(Somebody::with_mail(MARIA)).await;
    let code = code_at(TOTP, office.app.cx.now()).unwrap();
    office.admin.submit(&page.form("/login/code").with("code", &code)).await;
    assert!(office.admin.get(&office.admin.at(CONFIRM)).await.has("#code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_answer_keeps_nobody_with_a_password_out() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings =
        format!("[back_office.oidc]\nissuer = \"http://{nobody}\"\nclient_id = \"smartpay\"\nclient_secret = \"x\"\ntimeout_ms = 1000");
    let app = TestApp::start_with(&settings).await;
    let admin = app.admin().await;
    let login = admin.get(&admin.at(LOGIN)).await;
    let page = admin.submit(&login.form(COMPANY)).await;
    assert_eq!(page.status, 502);
    reads(&page, "Serviciul de autentificare al companiei nu răspunde.");
    let form = page
        .form(LOGIN)
        .with("user", crate::support::admin::USER)
        .with("password", PASSWORD);
    let home = admin.submit(&form).await;
    admin.follow(&home).await.says("Ultimele plăți");
    // Without one there is no button, and nothing at its address.
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let login = admin.get(&admin.at(LOGIN)).await;
    assert!(!login.text().contains("contul companiei"));
    let forged = login.form(LOGIN);
    let forged = Form {
        action: admin.at(COMPANY),
        ..forged
    };
    assert_eq!(admin.submit(&forged).await.status, 403);
    assert_eq!(
        admin
            .get(&admin.at("back-office/login/company/return?code=x&state=y"))
            .await
            .leads_to()
            .path(),
        LOGIN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_can_be_switched_off_and_an_emergency_opens_them_for_a_day() {
    const NEXT: &str = "sapte-rate-verzi-sub-punte-veche";
    let office = Office::open("only = true").await;
    let (app, admin) = (&office.app, &office.admin);
    let login = admin.get(&admin.at(LOGIN)).await;
    assert!(!login.has("#password") && login.has("form[action$='/login/company']"));
    let emergency = login.link(".trail a");
    let enter = async |password: &str| {
        let page = admin.get(&emergency).await;
        admin.submit(&page.form(LOGIN).with("user", MARIA).with("password", password)).await
    };
    let right = enter(PASSWORD).await;
    let wrong = enter("gresit-gresit-gresit").await;
    assert_eq!((right.status, wrong.status), (401, 401));
    assert_eq!(right.body, wrong.body, "nobody learns whether the password was right");
    assert!(right.has("#password"), "the form stays for those who are in need");
    // A colleague who gives a new password opens nothing; somebody at the machine does, for a day.
    let (id, now) = (office.id_of(MARIA).await, app.cx.now());
    let colleague = Actor::Administrator(office.id_of(ION).await);
    let given = smartpay::flow::admins::manage::set_password(&app.cx.db, &id, NEXT.to_owned().into(), &colleague, "x", now);
    given.await.unwrap();
    assert_eq!(enter(NEXT).await.status, 401);
    let done = app.command(&["admin", "reset", "--user", MARIA], PASSWORD);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let page = enter(PASSWORD).await;
    assert_eq!(page.status, 303);
    assert_eq!(admin.follow(&page).await.leads_to().path(), "/back-office/account/password");
    app.advance(Duration::from_secs(25 * 3600));
    assert_eq!(enter(PASSWORD).await.status, 401);
    admin.forget_cookies();
    // The password that must be changed is no matter for who comes through the provider.
    office.sign_in(Somebody::with_mail(MARIA)).await.says("Ultimele plăți");
}
