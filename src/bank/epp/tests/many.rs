//! Orders by the hundred whose creation went unanswered, at a bank whose list is not quite what was asked for.

use super::{bank_at, logged_in, order, patient_http, psu};
use crate::bank::{BankError, PaymentInitiation as _, Session};
use crate::payment::Order;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

/// The bank gives no more at a time, whatever it is asked for.
const AT_A_TIME: usize = 40;

fn many(count: usize) -> Order {
    let mut many = order();
    let one = many.instructions[1].clone();
    many.instructions = (0..count).map(|_| one.clone()).collect();
    many
}

/// What the bank lists: orders of others between ours, and of ours those up to `created`.
fn listed(created: usize) -> Vec<Value> {
    let payment = order().payment;
    let ours = (1..=created).map(|n| json!({ "id": 9000 + n, "externalId": format!("SP{payment}-1-{n}") }));
    let others = (1..=created).map(|n| json!({ "id": n, "externalId": format!("SP{payment}-10-{n}") }));
    let mut all: Vec<Value> = ours.zip(others).flat_map(|(a, b)| [b, a]).collect();
    all.reverse();
    all
}

/// A bank that creates so many of the orders and does not answer. It knows the filter for one order; the others it
/// does not know, and lists everything.
async fn bank(created: usize, turns_pages: bool) -> MockServer {
    let server = MockServer::builder().start().await;
    let sent = Arc::new(AtomicBool::new(false));
    let has = sent.clone();
    let list = move |request: &Request| {
        let query: std::collections::HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        let mut all = if has.load(Ordering::SeqCst) { listed(created) } else { Vec::new() };
        if let Some(wanted) = query.get("filter[ExternalId]") {
            all.retain(|order| order["externalId"] == wanted.as_str());
        }
        let page: usize = if turns_pages { query["Page"].parse().unwrap() } else { 1 };
        let items: Vec<Value> = all.into_iter().skip((page - 1) * AT_A_TIME).take(AT_A_TIME).collect();
        ResponseTemplate::new(200).set_body_json(json!({ "status": { "code": 200 }, "payload": { "items": items } }))
    };
    let create = move |_: &Request| {
        assert!(!sent.swap(true, Ordering::SeqCst), "orders are sent once");
        ResponseTemplate::new(502)
    };
    let on = |method: &str, path: &str| Mock::given(matchers::method(method)).and(matchers::path(path));
    on("POST", "/api/payment-orders/validate")
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .mount(&server)
        .await;
    on("POST", "/api/payment-orders").respond_with(create).mount(&server).await;
    on("GET", "/api/payment-orders").respond_with(list).mount(&server).await;
    server
}

async fn initiated(server: &MockServer, count: usize) -> Result<Session, BankError> {
    let bank = bank_at(&server.uri().parse().unwrap(), &patient_http(), logged_in());
    bank.initiate(&many(count), &psu()).await.map(|answer| answer.session)
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn all_of_them_are_found_in_the_list() {
    let server = bank(450, true).await;
    let session = initiated(&server, 450).await.unwrap();
    let ids: Vec<_> = session.state.epp().items.iter().map(|item| item.order_id.clone()).collect();
    assert_eq!(ids, (9001..=9450).map(|id: usize| id.to_string()).collect::<Vec<_>>());
    assert!(calls(&server).await < 30, "they are not asked for one by one");
}

#[tokio::test]
async fn a_few_that_the_list_leaves_out_are_asked_for() {
    // Forty orders are on the only page there is: twenty of ours.
    let server = bank(210, false).await;
    assert_eq!(initiated(&server, 210).await.unwrap().state.epp().items.len(), 210);
}

#[tokio::test]
async fn one_that_is_not_there_leaves_the_outcome_unknown() {
    for (created, count) in [(449, 450), (0, 450)] {
        let server = bank(created, true).await;
        let error = initiated(&server, count).await.unwrap_err();
        assert!(matches!(error, BankError::Unknown(_)), "{error:?}");
    }
    let server = bank(300, false).await;
    let error = initiated(&server, 300).await.unwrap_err();
    assert!(matches!(error, BankError::Unknown(_)), "{error:?}");
    assert!(calls(&server).await < 10, "too many to ask for one by one");
}
