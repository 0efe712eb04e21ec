//! The banks that send the browser to their own pages, without OAuth2.

use super::support::{Banks, NOK, OK, payment};
use crate::sandbox::{BankCode, Word};

#[tokio::test]
async fn link_sends_the_browser_on_at_once_and_back_with_nothing() {
    let banks = Banks::start();
    let (created, path) = banks.order(BankCode::Link, None, &payment("10.00")).await;
    assert_eq!(created.approach.as_deref(), Some("REDIRECT"));
    let sca = created.text("/_links/scaStatus/href").replace(&banks.base, "");
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "received");
    let back = banks.visit(&created.text("/_links/scaRedirect/href"), "mihai", "da").await;
    assert_eq!(back, OK);
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "finalised");
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    let again = banks.http.get(created.text("/_links/scaRedirect/href")).send().await.unwrap();
    assert_eq!(again.status(), 409);
    let unknown = banks.http.get(format!("{}/link/sca/none", banks.base)).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn pasi_gives_the_address_when_the_authorisation_is_started() {
    let banks = Banks::start();
    let (created, path) = banks.order(BankCode::Pasi, None, &payment("10.00")).await;
    assert!(created.body["_links"].get("scaRedirect").is_none());
    let start = created.text("/_links/startAuthorisation/href");
    assert_eq!(format!("/pasi{start}"), format!("{path}/authorisations"));
    let started = banks.authorise(&path, None).await;
    let back = banks.visit(&started.text("/_links/scaRedirect/href"), "ana", "nu").await;
    assert_eq!(back, NOK);
    let sca = format!("{path}/authorisations/{}", started.text("/authorisationId"));
    assert_eq!(banks.get(&sca).await.text("/scaStatus"), "failed");
    assert_eq!(banks.sandbox.orders()[0].status, Word::Rjct);
}

#[tokio::test]
async fn an_address_that_was_replaced_opens_nothing() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Pasi, None, &payment("10.00")).await;
    let first = banks.authorise(&path, None).await.text("/_links/scaRedirect/href");
    let second = banks.authorise(&path, None).await.text("/_links/scaRedirect/href");
    assert_eq!(banks.http.get(first).send().await.unwrap().status(), 409);
    assert_eq!(banks.visit(&second, "ana", "da").await, OK);
}
