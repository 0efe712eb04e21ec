//! A bank, or somebody in its place, that does not tell the truth; and the contract of all connectors.

use super::super::*;
use super::support::{CODE, Lie, ORDER, ORDERS, Signed, World, context, credentials, order, resource};
use crate::bank::Connector;
use crate::bank::access::{AccessKey, Grant, Holder, NotBought};
use crate::bank::contract::{self, tools};
use crate::bank::directory::shipped_stet;
use futures_util::FutureExt as _;
use serde_json::json;
use std::time::Duration;
use wiremock::ResponseTemplate;

const LIES: [Lie; 4] = [Lie::Missing, Lie::Changed, Lie::Old, Lie::Replayed];

fn is_unknown<T: std::fmt::Debug>(result: Result<T, BankError>) -> bool {
    matches!(result, Err(BankError::Unknown(_)))
}

/// A connector that has its token already, so that the bank's answer is the one to the order.
fn with_token(base: &Url, http: &BankHttp) -> Connector {
    let tools = Tools {
        http: http.clone(),
        ..tools()
    };
    let of = AccessKey {
        bank: CODE.to_owned(),
        holder: Holder::Operator,
        scope: "pisp",
    };
    let grant = Grant {
        access: Secret::from("t".to_owned()),
        refresh: None,
        lives: Duration::from_secs(3600),
    };
    let bought = tools.keeper.token(&of, None, |_| async { Ok::<_, NotBought>(grant) });
    bought.now_or_never().unwrap().unwrap();
    // The contract's server signs nothing; without the bank's certificate that is not looked at.
    let credentials = Credentials {
        bank_signing_certificate_pem: None,
        ..credentials()
    };
    Connector::Stet(Stet::new(CODE, &shipped_stet(CODE).unwrap(), (base, None), credentials, &tools).unwrap())
}

#[tokio::test]
async fn the_contract_of_all_connectors_is_kept() {
    contract::keeps_the_contract_with(&order(), with_token).await;
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let world = World::start().await;
    world.server.reset().await;
    for answer in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"})),
        ResponseTemplate::new(200).set_body_string("{}"),
        ResponseTemplate::new(200).set_body_string("<html>"),
    ] {
        world.server.reset().await;
        world.answers("POST", super::support::TOKEN, answer).await;
        let error = world.bank.initiate(&order(), &context()).await.unwrap_err();
        assert!(matches!(error, BankError::NotSent(_)), "{error:?}");
        assert_eq!(world.asked().await.len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_the_bank_did_not_sign_now_for_this_request_is_unknown() {
    let world = World::start().await;
    let session = world.taken().await;
    for lie in LIES {
        world.forget().await;
        let taken = world.link("R1").to_string();
        world
            .answers("POST", ORDERS, Signed::new(&world.clock, 201, &taken).lying(lie))
            .await;
        assert!(is_unknown(world.bank.initiate(&order(), &context()).await), "{lie:?}");
        let status = resource("RJCT", Some("AC04")).to_string();
        world
            .answers("GET", ORDER, Signed::new(&world.clock, 200, &status).lying(lie))
            .await;
        assert!(is_unknown(world.bank.ask(&session).await), "{lie:?}");
        assert!(is_unknown(world.bank.withdraw(&session).await), "{lie:?}");
    }
}

/// A gateway before the bank refuses without a signature, and a refusal moves no money; a forged one is none.
#[tokio::test]
async fn a_refusal_may_be_unsigned_and_never_wrongly_signed() {
    let world = World::start().await;
    let body = json!({"timestamp": "x", "status": 400, "error": "Bad Request", "message": "FF01", "path": ORDERS}).to_string();
    for lie in LIES {
        world.forget().await;
        world
            .answers("POST", ORDERS, Signed::new(&world.clock, 400, &body).lying(lie))
            .await;
        let result = world.bank.initiate(&order(), &context()).await;
        match lie {
            Lie::Missing => assert!(
                matches!(&result, Err(BankError::Refused { code, .. }) if code == "FF01"),
                "{result:?}"
            ),
            _ => assert!(is_unknown(result), "{lie:?}"),
        }
    }
    world.forget().await;
    world.answers("POST", ORDERS, Signed::new(&world.clock, 400, &body)).await;
    let result = world.bank.initiate(&order(), &context()).await;
    assert!(
        matches!(&result, Err(BankError::Refused { status: 400, code, .. }) if code == "FF01"),
        "{result:?}"
    );
}

#[tokio::test]
async fn an_order_that_nobody_could_authorise_safely_is_unknown() {
    let world = World::start().await;
    let href = |href: &str| json!({"_links": {"consentApproval": {"href": href}}});
    let own = world.link("R1");
    for (what, body, location) in [
        ("another host", href("https://evil.example/psu?paymentRequestRessourceId=R1"), None),
        (
            "another host behind a user",
            href("https://bank.example@evil.example/?paymentRequestRessourceId=R1"),
            None,
        ),
        ("a script", href("javascript:alert(1)"), None),
        (
            "no link",
            json!({"appliedAuthenticationApproach": "REDIRECT"}),
            Some("payment-requests/R1"),
        ),
        (
            "a link that is none",
            json!({"_links": {"consentApproval": "x"}}),
            Some("payment-requests/R1"),
        ),
        ("no id", href("/psu"), None),
        ("a hostile id", href("/psu"), Some("payment-requests/..")),
        ("two ids", own.clone(), Some("payment-requests/R2")),
        ("no JSON object", json!([]), Some("payment-requests/R1")),
    ] {
        world.forget().await;
        let mut answer = Signed::new(&world.clock, 201, &body.to_string());
        if let Some(location) = location {
            answer = answer.with("Location", location);
        }
        world.answers("POST", ORDERS, answer).await;
        assert!(is_unknown(world.bank.initiate(&order(), &context()).await), "{what}");
    }
}

#[tokio::test]
async fn an_answer_about_another_order_is_not_ours() {
    let world = World::start().await;
    let session = world.taken().await;
    for (path, value) in [
        ("/paymentRequest/resourceId", "R2"),
        ("/paymentRequest/paymentInformationId", "1234567890123456-2"),
        ("/paymentRequest/creditTransferTransaction/0/paymentId/endToEndId", "E2E-9"),
    ] {
        let mut other = resource("ACSC", None);
        *other.pointer_mut(path).unwrap() = json!(value);
        world.forget().await;
        world.says("GET", ORDER, 200, other).await;
        assert!(is_unknown(world.bank.ask(&session).await), "{path}");
    }
}
