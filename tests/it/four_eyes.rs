//! What matters takes two admins: one proposes, another decides, and what has changed meanwhile is left as it is.

use crate::support::partner::TOKEN;
use crate::support::proposals::{APPROVER, PROPOSER};
use crate::support::{RETURN_URL, TestApp, certificates};
use reqwest::Method;
use serde_json::json;
use smartpay::clock::Clock;
use smartpay::demo::certificates::{DevelopmentCa, Purpose};
use smartpay::flow::FlowError;
use smartpay::flow::four_eyes::{Change, Decision, NewCertificate, Proposed, approve, propose, refuse};
use smartpay::flow::partner_profile::{ProfileInput, edit_partner, new_partner};
use smartpay::partner::PartnerKind;
use smartpay::payment::Currency;
use smartpay::store::audit::{Verified, verify};
use smartpay::store::{partners, proposals};
use std::time::Duration;
use url::Url;

const REASON: &str = "Partenerul nu a confirmat schimbarea.";
const DAY: Duration = Duration::from_secs(86_400);

fn urls(partner: &str, url: &str) -> Change {
    Change::RedirectUrls {
        partner: partner.to_owned(),
        urls: vec![Url::parse(url).unwrap()],
        flexible: false,
    }
}

fn code(error: FlowError) -> &'static str {
    match error {
        FlowError::Invalid(problems) => problems[0].code,
        other => panic!("{other}"),
    }
}

async fn redirects(app: &TestApp, id: &str) -> Vec<String> {
    let id = id.to_owned();
    let partner = app.cx.db.read(move |a| partners::get(a, &id)).await.unwrap().unwrap();
    partner.redirect_urls.into_iter().map(Into::into).collect()
}

async fn state(app: &TestApp, id: &str) -> String {
    let id = id.to_owned();
    app.cx.db.read(move |a| proposals::get(a, &id)).await.unwrap().unwrap().state
}

fn audited(app: &TestApp, subject: &str) -> Vec<String> {
    let query = format!("SELECT actor || ' ' || action AS line FROM audit WHERE subject = '{subject}' ORDER BY seq");
    app.database.lines(&query)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_proposes_and_only_another_approves() {
    let app = TestApp::start().await;
    let shop = app.partner_id("shop").await;
    let id = app.propose(urls(&shop, "https://shop.example/nou")).await.unwrap();
    assert_eq!(redirects(&app, &shop).await, [RETURN_URL]);
    assert!(matches!(approve(&app.cx, PROPOSER, &id).await, Err(FlowError::NotYou)));
    assert_eq!(redirects(&app, &shop).await, [RETURN_URL]);
    assert_eq!(app.approve(&id).await, Decision::Done);
    assert_eq!(redirects(&app, &shop).await, ["https://shop.example/nou"]);
    assert_eq!(app.approve(&id).await, Decision::Ended, "once only");
    let log = audited(&app, &shop);
    assert_eq!(
        log[log.len() - 3..],
        [
            format!("{PROPOSER} proposal_proposed"),
            format!("{APPROVER} proposal_approved"),
            format!("{APPROVER} redirect_urls_changed")
        ]
    );
    assert!(matches!(app.cx.db.read(verify).await.unwrap(), Verified::Intact { .. }));
    assert!(matches!(approve(&app.cx, APPROVER, "nothing").await, Err(FlowError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_with_a_reason_or_too_late_or_overtaken() {
    let app = TestApp::start().await;
    let shop = app.partner_id("shop").await;
    let refused = app.propose(urls(&shop, "https://shop.example/a")).await.unwrap();
    assert_eq!(code(refuse(&app.cx, APPROVER, &refused, "nu").await.unwrap_err()), "REASON");
    assert_eq!(refuse(&app.cx, APPROVER, &refused, REASON).await.unwrap(), Decision::Done);
    assert_eq!(
        (app.approve(&refused).await, state(&app, &refused).await.as_str()),
        (Decision::Ended, "refused")
    );
    // Two at a time: whoever is approved first overtakes the other.
    let first = app.propose(urls(&shop, "https://shop.example/b")).await.unwrap();
    let second = app.propose(urls(&shop, "https://shop.example/c")).await.unwrap();
    assert_eq!(app.approve(&second).await, Decision::Done);
    assert_eq!(
        (app.approve(&first).await, state(&app, &first).await.as_str()),
        (Decision::Stale, "stale")
    );
    assert_eq!(redirects(&app, &shop).await, ["https://shop.example/c"]);
    let late = app.propose(urls(&shop, "https://shop.example/d")).await.unwrap();
    app.advance(7 * DAY);
    assert_eq!(app.approve(&late).await, Decision::Expired);
    app.tick().await;
    assert_eq!(
        (app.approve(&late).await, state(&app, &late).await.as_str()),
        (Decision::Ended, "expired")
    );
    assert_eq!(redirects(&app, &shop).await, ["https://shop.example/c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_approvals_at_once_are_one() {
    let app = TestApp::start().await;
    let shop = app.partner_id("shop").await;
    let id = app.propose(urls(&shop, "https://shop.example/nou")).await.unwrap();
    let all = futures_util::future::join_all((0..10).map(|_| app.approve(&id))).await;
    assert_eq!(all.iter().filter(|d| **d == Decision::Done).count(), 1, "{all:?}");
    assert!(all.iter().all(|d| matches!(d, Decision::Done | Decision::Ended)), "{all:?}");
    // Two proposals of the same thing, approved at once: one is overtaken.
    let a = app.propose(urls(&shop, "https://shop.example/a")).await.unwrap();
    let b = app.propose(urls(&shop, "https://shop.example/b")).await.unwrap();
    let (a, b) = tokio::join!(app.approve(&a), app.approve(&b));
    assert!(
        matches!((a, b), (Decision::Done, Decision::Stale) | (Decision::Stale, Decision::Done)),
        "{a:?} {b:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_not_even_proposed() {
    let app = TestApp::start().await;
    let shop = app.partner_id("shop").await;
    for (url, expected) in [
        (RETURN_URL, "UNCHANGED"),
        ("ftp://shop.example/", "NOT_USABLE"),
        ("https://shop.example/?x=1", "NOT_USABLE"),
        ("https://me@shop.example/", "NOT_USABLE"),
    ] {
        assert_eq!(code(app.propose(urls(&shop, url)).await.unwrap_err()), expected, "{url}");
    }
    assert!(matches!(
        app.propose(urls("nobody", "https://a.example/")).await,
        Err(FlowError::NotFound)
    ));
    for n in 0..20 {
        app.propose(urls(&shop, &format!("https://shop.example/{n}"))).await.unwrap();
    }
    assert!(matches!(
        app.propose(urls(&shop, "https://shop.example/x")).await,
        Err(FlowError::TooMany)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_second_pair_of_eyes_it_is_recorded_all_the_same() {
    let app = TestApp::start_with("[back_office]\nfour_eyes = false").await;
    let shop = app.partner_id("shop").await;
    let done = propose(&app.cx, PROPOSER, urls(&shop, "https://shop.example/nou")).await.unwrap();
    let Proposed::Done(id) = done else { panic!("{done:?}") };
    assert_eq!(state(&app, &id).await, "approved");
    assert_eq!(redirects(&app, &shop).await, ["https://shop.example/nou"]);
}

async fn certificate(app: &TestApp, name: &str) -> Box<NewCertificate> {
    Box::new(NewCertificate::read(&app.cx, certificates::pem(&format!("{name}.pem"))).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_has_two_certificates_and_tokens_stay_with_theirs() {
    let app = TestApp::start().await;
    let shop = app.partner_id("shop").await;
    let old = app.shop();
    let next = old.with_certificate("shop-next");
    assert_eq!(next.token().await.status, 403, "not yet");
    let started = old.start(json!({})).await;
    let add = Change::AddCertificate {
        partner: shop.clone(),
        certificate: certificate(&app, "shop-next").await,
    };
    app.carry_out(add.clone()).await;
    assert_eq!(code(app.propose(add.clone()).await.unwrap_err()), "KNOWN");
    for caller in [&old, &next] {
        caller.start(json!({})).await;
        caller.banks().await.good();
    }
    // What the old one bought is the old one's.
    assert_eq!(next.status(&started.tokens).await.status, 401);
    old.status(&started.tokens).await.good();
    let third = Change::AddCertificate {
        partner: shop.clone(),
        certificate: certificate(&app, "stranger").await,
    };
    assert_eq!(code(app.propose(third).await.unwrap_err()), "TOO_MANY");
    let old_sha = certificate(&app, "shop").await.facts.sha256;
    let next_sha = certificate(&app, "shop-next").await.facts.sha256;
    let remove = |sha256: &str| Change::RemoveCertificate {
        partner: shop.clone(),
        sha256: sha256.to_owned(),
    };
    app.carry_out(remove(&old_sha)).await;
    assert_eq!(old.token().await.status, 403);
    assert_eq!(old.banks().await.status, 403);
    assert_eq!(old.status(&started.tokens).await.status, 403);
    next.start(json!({})).await;
    next.banks().await.good();
    assert_eq!(code(app.propose(remove(&next_sha)).await.unwrap_err()), "THE_LAST");
    // The removed one may come back.
    let back = Change::AddCertificate {
        partner: shop.clone(),
        certificate: certificate(&app, "shop").await,
    };
    app.carry_out(back).await;
    old.start(json!({})).await;
    assert_eq!(old.send(old.request(Method::GET, TOKEN)).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_certificate_that_the_gateway_would_accept_is_proposed() {
    let app = TestApp::start().await;
    let read = |file: &[u8]| NewCertificate::read(&app.cx, file).map(drop).map_err(code);
    let good = certificate(&app, "shop-next").await;
    assert_eq!(good.facts.key_kind, "EC 256");
    assert!(good.facts.subject.contains("shop-next") && good.facts.issuer.contains("development CA"));
    let folder = tempfile::tempdir().unwrap();
    let foreign = DevelopmentCa::create(folder.path(), &Clock::default()).unwrap();
    let theirs = foreign.issue("shop-next", "Foișor Atelier SRL", Purpose::Client).unwrap();
    assert_eq!(read(&std::fs::read(theirs.certificate).unwrap()), Err("UNKNOWN_CA"));
    assert_eq!(read(certificates::pem("gateway.pem")), Err("NOT_FOR_CLIENTS"));
    assert_eq!(read(certificates::pem("shop.key")), Err("NOT_READABLE"));
    for file in [
        &b""[..],
        b"hello",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        &[0x30; 400],
    ] {
        assert_eq!(read(file), Err("NOT_READABLE"));
    }
    let der =
        <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(certificates::pem("shop-next.pem"));
    assert_eq!(NewCertificate::read(&app.cx, &der.unwrap()).unwrap(), *good, "DER is read as well");
    // Another partner's is not this one's.
    let shop = app.partner_id("shop").await;
    let taken = Change::AddCertificate {
        partner: shop.clone(),
        certificate: certificate(&app, "erp").await,
    };
    assert_eq!(code(app.propose(taken).await.unwrap_err()), "TAKEN");
    // It was good when it was proposed, and has expired when it is approved.
    let id = app
        .propose(Change::AddCertificate {
            partner: shop,
            certificate: good,
        })
        .await
        .unwrap();
    app.advance(6 * DAY);
    assert_eq!(app.approve(&id).await, Decision::Done);
    app.advance(5 * 365 * DAY);
    assert_eq!(read(certificates::pem("shop-next.pem")), Err("EXPIRED"));
}

fn input(client_id: &str) -> ProfileInput {
    ProfileInput {
        client_id: client_id.into(),
        name: "Necunoscut SRL".into(),
        kind: PartnerKind::Ecommerce,
        currency: Currency::Ron,
        colour: "#0A5C36".into(),
        button_text: smartpay::partner::ButtonText::default(),
        account_access: false,
        may_onboard: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_partner_calls_only_after_everything_is_known_and_two_admins_agree() {
    let app = TestApp::start().await;
    let id = new_partner(&app.cx, PROPOSER, input("stranger")).await.unwrap();
    assert!(matches!(
        new_partner(&app.cx, PROPOSER, input("stranger")).await,
        Err(FlowError::Invalid(_))
    ));
    // A second one without a certificate is no conflict.
    new_partner(&app.cx, PROPOSER, input("second")).await.unwrap();
    let activate = Change::Activation {
        partner: id.clone(),
        active: true,
    };
    let missing = |error: FlowError| match error {
        FlowError::Invalid(problems) => problems.into_iter().map(|p| p.code).collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    assert_eq!(
        missing(app.propose(activate.clone()).await.unwrap_err()),
        ["NO_CERTIFICATE", "NO_REDIRECT_URL", "NOT_ONBOARDED"]
    );
    let stranger = app.partner("stranger");
    app.carry_out(Change::AddCertificate {
        partner: id.clone(),
        certificate: certificate(&app, "stranger").await,
    })
    .await;
    app.carry_out(urls(&id, RETURN_URL)).await;
    assert_eq!(missing(app.propose(activate.clone()).await.unwrap_err()), ["NOT_ONBOARDED"]);
    app.onboard("stranger").await;
    assert_eq!(stranger.token().await.status, 403);
    app.carry_out(activate).await;
    stranger.start(json!({})).await;
    // What two decided is not undone by one who edits.
    let mut edited = input("");
    edited.name = "Cunoscut SRL".into();
    edit_partner(&app.cx, PROPOSER, &id, edited.clone()).await.unwrap();
    stranger.start(json!({})).await;
    edited.currency = Currency::Eur;
    assert_eq!(code(edit_partner(&app.cx, PROPOSER, &id, edited).await.unwrap_err()), "IN_USE");
    app.carry_out(Change::Activation {
        partner: id.clone(),
        active: false,
    })
    .await;
    assert_eq!(stranger.token().await.status, 403);
    let log = audited(&app, &id);
    for action in [
        "partner_added",
        "certificate_added",
        "partner_activated",
        "partner_changed",
        "partner_deactivated",
    ] {
        assert!(log.iter().any(|line| line.ends_with(action)), "{action} in {log:?}");
    }
}
