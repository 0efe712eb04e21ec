//! The payer's browser goes away while the bank is being called. What was begun is finished all the same:
//! a code bought from the bank works once, and an order that was taken must be known.

use crate::support::TestApp;
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BANKS_ANSWER_TAKES: Duration = Duration::from_millis(900);
const BROWSER_STAYS: Duration = Duration::from_millis(200);

/// Sends a request and tears the connection down before the answer, as a browser that is closed does.
async fn send_and_vanish(app: &TestApp, psu: &Psu, head: &str, body: &str) {
    let at = app.public("/");
    let (host, cookie) = (format!("127.0.0.1:{}", at.port().unwrap()), psu.cookie("smartpay").unwrap());
    let mut connection = TcpStream::connect(&host).await.unwrap();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: smartpay={cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let answer = tokio::time::timeout(BROWSER_STAYS, connection.read_u8()).await;
    assert!(answer.is_err(), "the browser goes before the answer");
    // A reset, not a polite end: the server learns of it at once.
    connection.set_zero_linger().unwrap();
}

/// Looks until the payment has left a state; there is nothing to wait on, as the browser is gone.
async fn leaves(app: &TestApp, payment: i64, state: Status) -> Status {
    for _ in 0..200 {
        let now = app.payment(payment).await;
        if now.status != state && now.lease_until.is_none() {
            return now.status;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_order_is_sent() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    let form = psu.fill(&psu.open(&started.link).await, ANA);
    app.bank.fail_next(Operation::Initiate, Fault::Delay(BANKS_ANSWER_TAKES));
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    send_and_vanish(&app, &psu, "POST /payment-initiation", &body).await;
    assert_eq!(leaves(&app, started.tokens.payment, Status::Initiating).await, Status::AwaitingPsu);
    // Back at the link, the payer goes on where things stand.
    psu.get(&started.link).await.says("Continuă la CEC Bank");
    assert_eq!(app.bank.orders().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_code_is_exchanged() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let way_back = psu.approve(&psu.pay(&started.link, ANA).await, ANA).await;
    app.bank.fail_next(Operation::Token, Fault::Delay(BANKS_ANSWER_TAKES));
    let head = format!("GET {}?{}", way_back.path(), way_back.query().unwrap());
    send_and_vanish(&app, &psu, &head, "").await;
    assert_eq!(leaves(&app, started.tokens.payment, Status::AwaitingPsu).await, Status::Processing);
    app.let_pass(10, Duration::from_secs(2)).await;
    assert_eq!(shop.sees(&mut started).await.word, "ACSC");
}
