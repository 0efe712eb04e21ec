//! Mail leaves through an outbox: late when the server is down, once when it is up, and never lost.

use crate::support::TestApp;
use crate::support::psu::ANA;
use crate::support::smtp_sink::SmtpSink;
use serde_json::json;
use smartpay::payment::PaymentId;
use smartpay::store::outbox;
use std::time::Duration;
use tokio::net::TcpSocket;

async fn deliveries(app: &TestApp, id: i64) -> Vec<outbox::Delivery> {
    let id = PaymentId::from_number(id).unwrap();
    app.cx.db.read(move |a| outbox::of_payment(a, id)).await.unwrap()
}

/// A port that is taken, so that no other server is given it, and at which nobody listens.
fn closed_port() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_gets_the_mail_when_it_is_up() {
    let away = closed_port();
    let server = away.local_addr().unwrap();
    let smtp = format!(
        "[mail]\ntransport = \"smtp\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\ntimeout_ms = 2000",
        server.port()
    );
    let app = TestApp::start_with(&smtp).await;
    let (shop, psu) = (app.shop(), app.psu());
    let mut started = shop.start(json!({})).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    // Mail that cannot leave holds up nothing.
    assert!(shop.sees(&mut started).await.is_successful);
    let id = started.tokens.payment;
    let mut tries = Vec::new();
    for _ in 0..8 {
        app.let_pass(1, Duration::from_secs(40)).await;
        let [mail] = deliveries(&app, id).await.try_into().unwrap();
        assert_eq!((mail.sent_at, mail.kind.as_str()), (None, "settled"));
        tries.push(mail.attempts);
    }
    assert!(tries[0] >= 1 && tries.is_sorted() && tries[7] > tries[0], "{tries:?}");
    assert!(tries[7] <= 8, "the pauses grow: {tries:?}");

    drop(away);
    let sink = SmtpSink::start(server);
    app.let_pass(2, Duration::from_secs(3600)).await;
    let [message] = sink.messages().try_into().unwrap();
    let headers: Vec<&str> = message.lines().take_while(|l| !l.is_empty()).collect();
    assert!(
        headers.contains(&format!("Message-ID: <{id}.settled@smartpay.example>").as_str()),
        "{headers:?}"
    );
    assert!(
        headers.iter().any(|h| h.starts_with("To: ") && h.contains(ANA.email)),
        "{headers:?}"
    );
    let [mail] = deliveries(&app, id).await.try_into().unwrap();
    assert!(mail.sent_at.is_some());
    app.let_pass(5, Duration::from_secs(3600)).await;
    assert_eq!(sink.messages().len(), 1, "a mail that was taken is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mail_each_with_an_id_that_never_changes() {
    let app = TestApp::start().await;
    let shop = app.shop();
    let mut expected = Vec::new();
    for (decision, kind) in [("da", "settled"), ("nu", "refused")] {
        let psu = app.psu();
        let started = shop.start(json!({})).await;
        let to_bank = psu.pay(&started.link, ANA).await;
        let confirm = psu.at_bank(&to_bank, ANA).await;
        let back = psu.submit(&confirm.form("/decizie").with("decizie", decision)).await;
        let way_back = psu.follow(&back).await.link("a.button");
        psu.come_back(&way_back).await;
        app.let_pass(10, Duration::from_secs(2)).await;
        psu.come_back(&way_back).await;
        app.let_pass(3, Duration::from_secs(600)).await;
        expected.push(format!("{}.{kind}@smartpay.example", started.tokens.payment));
    }
    let sent: Vec<String> = app.mails.all().into_iter().map(|m| m.message_id).collect();
    assert_eq!(sent, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_speaks_the_language_of_the_page() {
    let app = TestApp::start().await;
    let (shop, psu) = (app.shop(), app.psu());
    let started = shop.start(json!({})).await;
    let mut english = started.link.clone();
    english.query_pairs_mut().append_pair("lang", "en");
    let page = psu.get(&english).await;
    page.says("Check the payment and choose your bank");
    let to_bank = psu.follow(&psu.submit(&psu.fill(&page, ANA)).await).await;
    to_bank.says("Continue to CEC Bank");
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    psu.get(&started.link).await.says("The payment has been made");
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(
        mail.subject.starts_with("Payment made: ") && mail.text.contains("Your payment was made"),
        "{}",
        mail.subject
    );
}
