//! Webhooks: a partner's own HTTPS server is told of its payments, in order, signed, until it has taken it.

use crate::support::psu::ANA;
use crate::support::receiver::{Got, Receiver, wanted};
use crate::support::{TestApp, partner::Started};
use serde_json::json;
use smartpay::crypto::http_signature::{Component, Received, digest_matches};
use smartpay::flow::FlowError;
use smartpay::flow::four_eyes::{Change, propose};
use smartpay::flow::webhooks::{deliver, resend, send_test};
use smartpay::partner::webhook::WebhookEvent;
use smartpay::payment::PaymentId;
use smartpay::store::erasure::{self, Because, Scope};
use smartpay::store::webhook_deliveries::{self as deliveries, Again, Listed};
use smartpay::store::webhook_endpoints;
use std::time::Duration;
use url::Url;

const ALL: &[WebhookEvent] = &WebhookEvent::ALL;
const HOUR: Duration = Duration::from_secs(3600);

/// A payment of the shop's that Ana approved and that the bank has made.
async fn paid(app: &TestApp) -> Started {
    let psu = app.psu();
    let started = app.shop().start(json!({ "externalPaymentId": 4711 })).await;
    let to_bank = psu.pay(&started.link, ANA).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(1)).await;
    started
}

async fn sent(app: &TestApp, payment: i64) -> Vec<Listed> {
    let id = PaymentId::from_number(payment).unwrap();
    let all = app.cx.db.read(move |a| deliveries::of_payment(a, id)).await.unwrap();
    all.into_iter().map(|(listed, _)| listed).collect()
}

/// What the partner can check with our public keys: it is from us, to it, and whole.
async fn is_signed(app: &TestApp, receiver: &Receiver, got: &Got) {
    assert!(digest_matches(&got.headers["content-digest"], got.body.as_bytes()));
    let [signature] = Received::all(&got.headers["signature-input"], &got.headers["signature"])
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(signature.tag(), Some("smartpay-request"));
    for covered in [
        "@method",
        "@target-uri",
        "content-digest",
        "content-type",
        "webhook-id",
        "webhook-timestamp",
    ] {
        assert!(signature.covers(Component::own(covered)), "{covered}");
    }
    assert_eq!(signature.created().unwrap().to_string(), got.headers["webhook-timestamp"]);
    let keys = app.cx.signing_keys().await.unwrap();
    let key = keys
        .verifier(signature.key_id().unwrap(), app.cx.now(), chrono::Duration::days(30))
        .unwrap();
    let value = |url: &str| {
        let url = url.to_owned();
        move |c: Component<'_>| match c.name {
            "@method" => Some("POST".to_owned()),
            "@target-uri" => Some(url.clone()),
            header => got.headers.get(header).cloned(),
        }
    };
    signature.verify(key, value(receiver.url.as_str())).unwrap();
    assert!(signature.verify(key, value("https://elsewhere.example/hooks")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_told_in_order_and_can_check_who_told_it() {
    let receiver = Receiver::start();
    let app = TestApp::start_with(&receiver.settings()).await;
    app.hook(&receiver.url, ALL).await;
    // Another partner's endpoint hears nothing of it, nor does one that wants other events.
    let only_ends = Receiver::start();
    let quiet = Url::parse(&format!("{}2", only_ends.url)).unwrap();
    app.hook(&quiet, &[WebhookEvent::Refused]).await;
    let started = paid(&app).await;
    assert_eq!(receiver.types(), ["payment.accepted", "payment.settled"]);
    assert_eq!(only_ends.got().len(), 0);
    for got in receiver.got() {
        assert_eq!((got.path.as_str(), got.headers["webhook-id"].clone()), ("/hooks", got.text("id")));
        assert_eq!(got.headers["content-type"], "application/json");
        is_signed(&app, &receiver, &got).await;
        for private in ["RO49", ANA.iban, ANA.email] {
            assert!(!got.body.contains(private), "{}", got.body);
        }
    }
    let last = receiver.got()[1].json();
    let status = app.shop().status(&started.tokens).await;
    for word in [
        "paymentId",
        "externalPaymentId",
        "transactionStatus",
        "paymentStatus",
        "isFinal",
        "isSuccessful",
        "amount",
        "currency",
        "bank",
    ] {
        assert_eq!(last[word], status.json[word], "{word}: the words of the status");
    }
    assert_eq!(
        (&last["transactionStatus"], &last["externalPaymentId"]),
        (&json!("ACSC"), &json!(4711))
    );
    assert!(last["note"].as_str().unwrap().contains("status"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_event_waits_for_an_earlier_one_and_every_copy_is_the_same() {
    let receiver = Receiver::start();
    let app = TestApp::start_with(&receiver.settings()).await;
    app.hook(&receiver.url, ALL).await;
    receiver.answers(&[500, 503, 429]);
    let started = paid(&app).await;
    let first = receiver.got();
    assert!(
        first.iter().all(|got| got.text("type") == "payment.accepted"),
        "{:?}",
        receiver.types()
    );
    assert_eq!(sent(&app, started.tokens.payment).await.len(), 2, "the end is known, and waits");
    app.let_pass(10, Duration::from_secs(60)).await;
    let got = receiver.got();
    assert_eq!(got.len(), 5, "{:?}", receiver.types());
    for copy in &got[..4] {
        assert_eq!(
            (&copy.body, &copy.headers["webhook-id"]),
            (&got[0].body, &got[0].headers["webhook-id"])
        );
    }
    assert_ne!(got[0].headers["webhook-timestamp"], got[3].headers["webhook-timestamp"]);
    assert_eq!(got[4].text("type"), "payment.settled");
    let [accepted, settled] = sent(&app, started.tokens.payment).await.try_into().unwrap();
    assert_eq!((accepted.attempts, accepted.status_code, accepted.due_at), (4, Some(200), None));
    assert_eq!((settled.attempts, settled.delivered_at.is_some()), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_72_hours_it_is_given_up_and_the_endpoint_is_off_until_two_admins_want_it() {
    let receiver = Receiver::start();
    let app = TestApp::start_with(&receiver.settings()).await;
    let shop = app.partner_id("shop").await;
    let id = app.hook(&receiver.url, &[WebhookEvent::Settled]).await;
    receiver.answers(&[500; 60]);
    receiver.says("<b>nu</b>\u{7}");
    let started = paid(&app).await;
    app.let_pass(71, HOUR).await;
    let [waiting] = sent(&app, started.tokens.payment).await.try_into().unwrap();
    assert!(
        waiting.due_at.is_some() && waiting.attempts >= 12,
        "{} tries in 71 hours",
        waiting.attempts
    );
    assert!(waiting.attempts <= 22, "{} tries", waiting.attempts);
    app.let_pass(3, HOUR).await;
    let [given_up] = sent(&app, started.tokens.payment).await.try_into().unwrap();
    assert_eq!((given_up.due_at, given_up.delivered_at), (None, None));
    assert_eq!(given_up.last_error.as_deref(), Some("HTTP 500"));
    assert_eq!(given_up.answer.unwrap().as_str(), "<b>nu</b>", "kept without control characters");
    let known = id.clone();
    let endpoint = app.cx.db.read(move |a| webhook_endpoints::get(a, &known)).await.unwrap().unwrap();
    assert_eq!((endpoint.active, endpoint.off_because.as_deref()), (false, Some("failing")));
    let mails = app.mails.all();
    let told: Vec<_> = mails.iter().filter(|m| m.subject.contains("webhook")).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("Partener shop") && told[0].text.contains("127.0.0.1"));
    assert!(!told[0].text.contains("/hooks"), "a path may be a secret");
    let audit = "SELECT actor || ' ' || action AS line FROM audit WHERE action LIKE 'webhook%' ORDER BY seq";
    assert_eq!(
        app.database.lines(audit),
        ["admin-dan webhook_changed", "clock webhook_switched_off"]
    );
    // Nothing more is written for it, and nothing is sent again while it is off; a test still asks it.
    let tries = receiver.got().len();
    let quiet = paid(&app).await;
    assert_eq!(sent(&app, quiet.tokens.payment).await.len(), 0);
    assert_eq!(
        resend(&app.cx, "admin", &given_up.id, Some(&shop), None).await.unwrap(),
        Again::Waits
    );
    assert!(!send_test(&app.cx, "admin", &shop, &id).await.unwrap());
    receiver.is_well();
    assert!(send_test(&app.cx, "admin", &shop, &id).await.unwrap());
    assert_eq!(receiver.got().len(), tries + 2);
    assert_eq!(receiver.types().last().unwrap(), "webhook.test");
    // On again, and what was given up is sent by hand: the same id.
    let mut endpoint = wanted(&receiver.url, &[WebhookEvent::Settled]);
    endpoint.id = id;
    app.carry_out(Change::SetWebhook {
        partner: shop.clone(),
        endpoint,
    })
    .await;
    assert_eq!(resend(&app.cx, "admin", &given_up.id, Some(&shop), None).await.unwrap(), Again::Due);
    app.tick().await;
    assert_eq!(receiver.got().last().unwrap().headers["webhook-id"], given_up.event_id);
    assert_eq!(
        resend(&app.cx, "admin", &given_up.id, Some("another"), None).await.unwrap(),
        Again::Unknown
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_and_private_addresses_are_not_called() {
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    let app = TestApp::start_with(&receiver.settings()).await;
    let shop = app.partner_id("shop").await;
    let id = app.hook(&receiver.url, ALL).await;
    receiver.leads_to(elsewhere.url.as_str());
    receiver.answers(&[307, 302]);
    assert!(!send_test(&app.cx, "admin", &shop, &id).await.unwrap());
    assert!(!send_test(&app.cx, "admin", &shop, &id).await.unwrap());
    assert_eq!(elsewhere.got().len(), 0);
    receiver.hangs(true);
    assert!(!send_test(&app.cx, "admin", &shop, &id).await.unwrap(), "no answer in time");
    receiver.hangs(false);
    assert!(send_test(&app.cx, "admin", &shop, &id).await.unwrap());
    for url in [
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
        "http://shop.example/",
        "http://127.0.0.1:9000/",
        "https://me:word@shop.example/",
        "https://shop.example:25/",
    ] {
        let endpoint = wanted(&Url::parse(url).unwrap(), ALL);
        let change = Change::SetWebhook {
            partner: shop.clone(),
            endpoint,
        };
        match propose(&app.cx, "admin", change).await {
            Err(FlowError::Invalid(problems)) => assert_eq!(problems[0].code, "NOT_USABLE", "{url}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_one_senders_hands_is_left_alone_until_the_lease_ends() {
    let receiver = Receiver::start();
    let app = TestApp::start_with(&receiver.settings()).await;
    app.hook(&receiver.url, &[WebhookEvent::Settled]).await;
    // The second pause is longer than what a payment takes here.
    receiver.answers(&[500, 500]);
    let started = paid(&app).await;
    app.advance(HOUR);
    let [waiting] = sent(&app, started.tokens.payment).await.try_into().unwrap();
    // A sender that takes it and dies.
    let (id, now) = (waiting.id.clone(), app.cx.now());
    let taken = app
        .cx
        .db
        .write(move |a| deliveries::claim(a, &id, now, now + chrono::Duration::seconds(60)));
    assert!(taken.await.unwrap().is_some());
    let before = receiver.got().len();
    app.tick().await;
    deliver(&app.cx, waiting.id.clone()).await.unwrap();
    assert_eq!(receiver.got().len(), before);
    app.advance(Duration::from_secs(61));
    // Two nodes at once.
    let (a, b) = tokio::join!(deliver(&app.cx, waiting.id.clone()), deliver(&app.cx, waiting.id.clone()));
    a.unwrap();
    b.unwrap();
    let got = receiver.got();
    assert_eq!(got.len(), before + 1);
    assert_eq!(got[before].headers["webhook-id"], got[0].headers["webhook-id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_data_of_its_payment() {
    let receiver = Receiver::start();
    let app = TestApp::start_with(&receiver.settings()).await;
    app.hook(&receiver.url, ALL).await;
    receiver.says("mulțumesc");
    let started = paid(&app).await;
    let (id, now) = (PaymentId::from_number(started.tokens.payment).unwrap(), app.cx.now());
    let erase = |scope| app.cx.db.write(move |a| erasure::erase(a, id, scope, Because::Payer, now));
    erase(Scope::Contact).await.unwrap();
    let kept = sent(&app, started.tokens.payment).await;
    assert!(kept.iter().all(|d| d.answer.is_none() && d.payload.is_some()));
    erase(Scope::All).await.unwrap();
    let kept = sent(&app, started.tokens.payment).await;
    assert!(kept.iter().all(|d| d.payload.is_none() && d.status_code == Some(200)));
    let again = resend(&app.cx, "admin", &kept[0].id, None, None).await.unwrap();
    assert_eq!(again, Again::Unknown, "there is nothing to send");
}
