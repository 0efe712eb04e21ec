//! An order from its initiation to its end.

use super::super::*;
use super::support::{CODE, ORDER, ORDERS, Signed, TOKEN, World, back, context, credentials, order, resource, saved};
use crate::bank::Reason;
use crate::bank::directory::shipped_stet;
use chrono::Timelike as _;
use serde_json::json;
use wiremock::{Request, ResponseTemplate};

const STATE: (&str, &str) = ("state", "st-0123456789");

fn go_to(session: &Session) -> Verdict {
    let url = session.state.stet().approval_url.clone();
    Verdict::PsuNeeded(PsuStep::GoToBank { url })
}

#[tokio::test]
async fn every_edition_is_sent_as_it_wants_it() {
    let recorded: Value = serde_json::from_str(include_str!("../../../../tests/fixtures/stet/orders.json")).unwrap();
    for (name, version) in [("1.4.0", Version::V1_4_0), ("1.4.2", Version::V1_4_2), ("1.5", Version::V1_5)] {
        let world = World::of(|p| p.version = version).await;
        let before = world.now().with_nanosecond(0).unwrap();
        world.taken().await;
        let asked = world.server.received_requests().await.unwrap();
        let sent: Value = asked[1].body_json().unwrap();
        let at = sent["creationDateTime"].as_str().unwrap().to_owned();
        let created = chrono::DateTime::parse_from_rfc3339(&at).unwrap().naive_utc();
        assert!((before..=world.now()).contains(&created), "{created}");
        let expected: Value = serde_json::from_str(&recorded[name].to_string().replace("<now>", &at)).unwrap();
        assert_eq!(sent, expected, "{name}");
        assert_eq!(asked[1].headers["psu-ip-address"], "198.51.100.7");
        let signed = asked[1].headers["signature"].to_str().unwrap();
        assert!(signed.starts_with("keyId=\"SN=0A9FA1,CA=CN=Test QTSP CA 1,"), "{signed}");
        assert_eq!(asked[1].headers["digest"], signature::digest_of(&asked[1].body));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_tried() {
    let world = World::start().await;
    let mut lei = order();
    lei.instructions[0].amount.currency = crate::payment::Currency::Ron;
    let mut two = order();
    two.instructions.push(two.instructions[0].clone());
    let mut nameless = order();
    nameless.instructions[0].creditor_name = "\u{202e}".to_owned();
    for order in [lei, two, nameless] {
        let error = world.bank.initiate(&order, &context()).await.unwrap_err();
        assert!(matches!(error, BankError::Unsupported), "{error:?}");
    }
    assert!(world.asked().await.is_empty());
}

#[tokio::test]
async fn the_link_and_the_id_are_found_wherever_the_bank_put_them() {
    let world = World::start().await;
    let without_id = json!({"_links": {"consentApproval": {"href": "/psu?x=1", "templated": true}}});
    for (status, body, location, id) in [
        (201, world.link("R1"), None, "R1"),
        (200, world.link("R-2"), Some("payment-requests/R-2"), "R-2"),
        (
            201,
            without_id,
            Some("https://inside.example/stet/psd2/v1.4.2/payment-requests/R3"),
            "R3",
        ),
    ] {
        world.forget().await;
        let mut answer = Signed::new(&world.clock, status, &body.to_string());
        if let Some(location) = location {
            answer = answer.with("Location", location);
        }
        world.answers("POST", ORDERS, answer).await;
        let taken = world.bank.initiate(&order(), &context()).await.unwrap();
        assert_eq!(taken.session.bank_payment_id.as_deref(), Some(id));
        assert_eq!(taken.verdict, go_to(&taken.session));
    }
}

#[tokio::test]
async fn one_token_serves_all_calls_and_a_refused_one_is_spoiled_once() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("RCVD", None).await;
    world.bank.ask(&session).await.unwrap();
    assert_eq!(world.asked().await, [format!("GET {ORDER} for-pisp")], "the token is kept");
    world.forget().await;
    world.says("GET", ORDER, 401, json!({})).await;
    let error = world.bank.ask(&session).await.unwrap_err();
    assert!(matches!(error, BankError::Refused { status: 401, .. }), "{error:?}");
    let get = format!("GET {ORDER} for-pisp");
    assert_eq!(world.asked().await, [get.clone(), format!("POST {TOKEN}"), get]);
    world.server.reset().await;
    world.answers("POST", TOKEN, ResponseTemplate::new(500)).await;
    world.says("GET", ORDER, 401, json!({})).await;
    let error = world.bank.ask(&session).await.unwrap_err();
    assert!(matches!(error, BankError::NotSent(_)), "without a token nothing is sent: {error:?}");
}

#[tokio::test]
async fn the_banks_word_decides_and_an_end_is_not_taken_back() {
    let world = World::start().await;
    let mut session = world.taken().await;
    for (word, reason, verdict) in [
        ("RCVD", None, None),
        ("ACTC", None, None),
        ("ACSP", None, Some(Verdict::StillWorking)),
        ("ACSC", None, Some(Verdict::Settled)),
        ("RCVD", None, Some(Verdict::Settled)),
        ("PDNG", None, Some(Verdict::Settled)),
        ("RJCT", Some("AC04"), Some(Verdict::Rejected(Reason::AccountClosed))),
        ("ACSP", None, Some(Verdict::Rejected(Reason::AccountClosed))),
    ] {
        world.stands(word, reason).await;
        let answer = world.bank.ask(&saved(&session)).await.unwrap();
        assert_eq!(answer.verdict, verdict.unwrap_or_else(|| go_to(&session)), "{word}");
        session = answer.session;
    }
}

#[tokio::test]
async fn the_return_proves_nothing() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("RCVD", None).await;
    for query in [
        &[STATE][..],
        &[],
        &[STATE, ("nok", "1")],
        &[("state", "another")],
        &[STATE, ("error", "access_denied")],
    ] {
        let answer = world.bank.reply(&session, &back(query)).await.unwrap();
        assert_eq!(answer.verdict, go_to(&session), "{query:?}");
    }
    world.stands("RJCT", Some("CUST")).await;
    let answer = world.bank.reply(&session, &back(&[STATE, ("nok", "1")])).await.unwrap();
    assert_eq!(
        (answer.verdict, &*answer.bank_word),
        (Verdict::Rejected(Reason::PsuOrFunds), "RJCT")
    );
    world.stands("ACTC", None).await;
    let answer = world.bank.reply(&session, &back(&[STATE])).await.unwrap();
    assert_eq!(
        answer.verdict,
        Verdict::StillWorking,
        "the PSU was there, and the bank has something"
    );
}

/// The intent is saved before the first call about it; what follows works from what was saved.
#[tokio::test]
async fn a_code_confirms_the_order_once_and_a_crash_does_not_forget_it() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("ACTC", None).await;
    world
        .says("POST", &format!("{ORDER}/o-confirmation"), 200, resource("ACSP", None))
        .await;
    let meant = world.bank.reply(&session, &back(&[STATE, ("code", "c1")])).await.unwrap();
    assert_eq!(meant.verdict, Verdict::StillWorking);
    assert!(world.asked().await.is_empty(), "nothing is done before the intent is saved");
    let again = world
        .bank
        .reply(&saved(&meant.session), &back(&[STATE, ("code", "c2")]))
        .await
        .unwrap();
    assert_eq!(
        world.asked().await,
        [format!("GET {ORDER} for-pisp")],
        "a second code changes nothing"
    );
    let done = world.bank.ask(&saved(&again.session)).await.unwrap();
    assert_eq!(done.verdict, Verdict::StillWorking);
    let all = world.asked().await;
    let confirmation = format!("POST {ORDER}/o-confirmation of-c1");
    assert_eq!(
        all[1..],
        [format!("POST {TOKEN}"), confirmation.clone(), format!("GET {ORDER} for-pisp")]
    );
    let sent: Vec<Request> = world.server.received_requests().await.unwrap();
    assert_eq!(sent[2].body, b"{}");
    let form = String::from_utf8(sent[1].body.clone()).unwrap();
    assert!(
        form.contains("grant_type=authorization_code") && form.contains("st-0123456789") && !form.contains("scope"),
        "{form}"
    );
    let later = world.bank.ask(&saved(&done.session)).await.unwrap();
    world
        .bank
        .reply(&saved(&later.session), &back(&[STATE, ("code", "c3")]))
        .await
        .unwrap();
    assert_eq!(world.asked().await.iter().filter(|a| a.starts_with("POST")).count(), 2, "once");
    let secret = serde_json::to_string(&meant.session).unwrap();
    assert!(secret.contains("c1") && !format!("{:?} {:?}", meant.session, meant.session.state.stet()).contains("c1"));
}

#[tokio::test]
async fn a_bank_that_knows_the_other_confirmation_only_gets_that() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("ACTC", None).await;
    world.says("POST", &format!("{ORDER}/o-confirmation"), 405, json!({})).await;
    world
        .says("POST", &format!("{ORDER}/confirmation"), 200, resource("ACSP", None))
        .await;
    let meant = world.bank.reply(&session, &back(&[STATE, ("code", "c1")])).await.unwrap();
    let done = world.bank.ask(&meant.session).await.unwrap();
    assert!(done.session.state.stet().confirmed);
    assert!(world.asked().await.contains(&format!("POST {ORDER}/confirmation of-c1")));
}

#[tokio::test]
async fn a_code_that_is_not_ours_confirms_nothing() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("ACTC", None).await;
    for query in [
        &[("code", "c1")][..],
        &[("code", "c1"), ("state", "another")],
        &[("code", "c1"), STATE, STATE],
        &[("code", "c1"), ("code", "c2"), STATE],
        &[("code", "c1"), ("error", "x"), STATE],
    ] {
        let answer = world.bank.reply(&session, &back(query)).await.unwrap();
        world.bank.ask(&answer.session).await.unwrap();
    }
    assert!(world.asked().await.iter().all(|a| a.starts_with("GET")));
    let plain = World::of(|p| p.confirmation = Confirmation::None).await;
    let session = plain.taken().await;
    plain.stands("ACTC", None).await;
    let answer = plain.bank.reply(&session, &back(&[STATE, ("code", "c1")])).await.unwrap();
    plain.bank.ask(&answer.session).await.unwrap();
    assert!(
        plain.asked().await.iter().all(|a| a.starts_with("GET")),
        "a bank that wants no confirmation gets none"
    );
}

#[tokio::test]
async fn a_confirmation_whose_answer_is_lost_is_the_same_again_and_not_for_ever() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("ACTC", None).await;
    world
        .answers("POST", &format!("{ORDER}/o-confirmation"), ResponseTemplate::new(502))
        .await;
    let mut session = world.bank.reply(&session, &back(&[STATE, ("code", "c1")])).await.unwrap().session;
    for _ in 0..5 {
        let answer = world.bank.ask(&saved(&session)).await.unwrap();
        assert_eq!(answer.verdict, Verdict::StillWorking);
        session = answer.session;
    }
    let sent: Vec<Request> = world.server.received_requests().await.unwrap();
    let ids: Vec<_> = sent
        .iter()
        .filter(|r| r.url.path().ends_with("o-confirmation"))
        .map(|r| r.headers["x-request-id"].clone())
        .collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(
        sent.iter().filter(|r| r.url.path() == TOKEN).count(),
        1,
        "the token is kept, the code is used once"
    );
}

#[tokio::test]
async fn a_refused_code_or_confirmation_leaves_the_order_to_the_bank() {
    let world = World::start().await;
    let session = world.taken().await;
    world.stands("RCVD", None).await;
    world.says("POST", &format!("{ORDER}/o-confirmation"), 403, json!({})).await;
    let meant = world.bank.reply(&session, &back(&[STATE, ("code", "c1")])).await.unwrap();
    let answer = world.bank.ask(&meant.session).await.unwrap();
    assert_eq!(answer.verdict, go_to(&session), "the PSU may try again at the bank");
    world.server.reset().await;
    world.says("GET", ORDER, 200, resource("RCVD", None)).await;
    world
        .answers(
            "POST",
            TOKEN,
            ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})),
        )
        .await;
    let answer = world.bank.ask(&meant.session).await.unwrap();
    assert_eq!(answer.verdict, go_to(&session));
    assert!(answer.session.state.stet().intent.is_none());
}

#[tokio::test]
async fn without_a_code_the_order_is_confirmed_with_our_token_where_the_bank_waits_for_it() {
    let world = World::of(|p| (p.version, p.confirmation) = (Version::V1_5, Confirmation::Confirmation)).await;
    let session = world.taken().await;
    world.stands("RCVD", None).await;
    world
        .says("POST", &format!("{ORDER}/confirmation"), 200, resource("ACSP", None))
        .await;
    let meant = world.bank.reply(&session, &back(&[STATE])).await.unwrap();
    world.bank.ask(&meant.session).await.unwrap();
    assert!(world.asked().await.iter().all(|a| a.starts_with("GET")), "nobody has authenticated");
    world.stands("ACTC", None).await;
    world
        .says("POST", &format!("{ORDER}/confirmation"), 200, resource("ACSP", None))
        .await;
    world.bank.ask(&meant.session).await.unwrap();
    assert!(world.asked().await.contains(&format!("POST {ORDER}/confirmation for-pisp")));
    let failed = world.bank.reply(&session, &back(&[STATE, ("nok", "1")])).await.unwrap();
    assert!(failed.session.state.stet().intent.is_none(), "a failed visit confirms nothing");
}

#[tokio::test]
async fn a_withdrawal_puts_the_order_back_cancelled_and_believes_the_banks_word_only() {
    let world = World::start().await;
    let session = world.taken().await;
    let put = json!({"appliedAuthenticationApproach": "NONE"});
    world.stands("RCVD", None).await;
    world.says("PUT", ORDER, 200, put.clone()).await;
    let error = world.bank.withdraw(&session).await.unwrap_err();
    assert!(matches!(error, BankError::Unknown(_)), "the status does not say so: {error:?}");
    let sent: Vec<Request> = world.server.received_requests().await.unwrap();
    let mut body: Value = sent[1].body_json().unwrap();
    assert_eq!(body["supplementaryData"]["acceptedAuthenticationApproach"], json!(["REDIRECT"]));
    body.as_object_mut().unwrap().remove("supplementaryData");
    let mut expected = resource("CANC", Some("DS02"))["paymentRequest"].take();
    for absent in ["fundsAvailability", "booking"] {
        expected.as_object_mut().unwrap().remove(absent);
    }
    let one = expected["creditTransferTransaction"][0].as_object_mut().unwrap();
    one.remove("transactionStatus");
    one["paymentId"].as_object_mut().unwrap().remove("uetr");
    assert_eq!(body, expected, "the whole resource, without nulls");

    for (word, reason, verdict) in [
        ("CANC", Some("DS02"), Verdict::Cancelled(Reason::PsuDeclined)),
        ("RJCT", Some("NOAS"), Verdict::Cancelled(Reason::PsuNoAnswer)),
        ("ACSC", None, Verdict::Settled),
    ] {
        world.stands(word, reason).await;
        let answer = world.bank.withdraw(&session).await.unwrap();
        assert_eq!((answer.verdict, &*answer.bank_word), (verdict, word));
    }
    assert_eq!(world.asked().await.len(), 1, "what has ended is not cancelled");
    world.forget().await;
    let first = Signed::new(&world.clock, 200, &resource("RCVD", None).to_string());
    let given = wiremock::Mock::given(wiremock::matchers::method("GET"));
    given
        .respond_with(first)
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&world.server)
        .await;
    world.says("GET", ORDER, 200, resource("CANC", Some("DS02"))).await;
    world.says("PUT", ORDER, 200, put).await;
    let answer = world.bank.withdraw(&session).await.unwrap();
    assert_eq!(answer.verdict, Verdict::Cancelled(Reason::Withdrawn));
    let never = World::of(|p| p.withdraw_before_sca = false).await;
    let session = never.taken().await;
    assert!(matches!(never.bank.withdraw(&session).await, Err(BankError::Unsupported)));
}

#[tokio::test]
async fn only_a_return_is_a_reply() {
    let world = World::start().await;
    let session = world.taken().await;
    for reply in [
        PsuReply::Begin { psu_id: None },
        PsuReply::Code("1".to_owned().into()),
        PsuReply::Resend,
    ] {
        assert!(matches!(world.bank.reply(&session, &reply).await, Err(BankError::Unsupported)));
    }
}

#[tokio::test]
async fn the_fallback_is_looked_at_and_not_followed() {
    let world = World::start().await;
    world.server.reset().await;
    let login = "https://www.banquepopulaire.example/login";
    world
        .answers("POST", TOKEN, ResponseTemplate::new(302).insert_header("Location", login))
        .await;
    let found = world.bank.fallback().await.unwrap();
    assert_eq!((found.status, found.location.unwrap().as_str(), found.refusal), (302, login, None));
    let asked = world.server.received_requests().await.unwrap();
    assert!(asked.len() == 1 && asked[0].headers["fallback"] == "1");
    world.server.reset().await;
    let closed = json!({"timestamp": "x", "status": 403, "error": "Forbidden", "message": "NGAC", "path": TOKEN});
    world.answers("POST", TOKEN, ResponseTemplate::new(403).set_body_json(closed)).await;
    let found = world.bank.fallback().await.unwrap();
    assert_eq!((found.status, found.location, found.refusal.as_deref()), (403, None, Some("NGAC")));
}

#[test]
fn what_is_missing_in_the_settings_is_named() {
    let tools = crate::bank::contract::tools();
    let base = Url::parse("https://bank.example").unwrap();
    let field = |change: fn(&mut Credentials), key_id| {
        let mut given = credentials();
        change(&mut given);
        let protocol = Protocol {
            key_id,
            ..shipped_stet(CODE).unwrap()
        };
        Stet::new(CODE, &protocol, (&base, None), given, &tools)
            .map(|bank| format!("{:?}", bank.signer))
            .map_err(|(field, _)| field)
    };
    use KeyId::{CertificateUrl, SerialAndIssuer};
    assert!(field(|_| {}, CertificateUrl).unwrap().contains("https://pay.example/qsealc.pem"));
    for (change, key_id, name) in [
        ((|c| c.client_id.clear()) as fn(&mut Credentials), SerialAndIssuer, "client_id"),
        (|c| c.signing_certificate_pem = None, SerialAndIssuer, "signing_certificate_pem"),
        (
            |c| c.signing_certificate_pem = Some("x".into()),
            SerialAndIssuer,
            "signing_certificate_pem",
        ),
        (|c| c.signing_key_pem = None, SerialAndIssuer, "signing_key_pem"),
        (
            |c| c.signing_key_pem = Some("x".to_owned().into()),
            SerialAndIssuer,
            "signing_key_pem",
        ),
        (|c| c.signing_certificate_url = None, CertificateUrl, "signing_certificate_url"),
        (
            |c| c.bank_signing_certificate_pem = Some("x".into()),
            SerialAndIssuer,
            "signing_certificate",
        ),
    ] {
        assert_eq!(field(change, key_id).unwrap_err(), name);
    }
}
