//! Orders that must be taken, in every way they can be written.

use super::{Body, JSON, Snapshot, UNLIMITED};
use crate::support::TestApp;
use crate::support::partner::{INIT, Partner, Tokens, an_order, with};
use reqwest::Method;
use serde_json::{Value, json};

async fn taken(partner: &Partner, row: &str, body: String) -> (Tokens, Value) {
    let tokens = partner.tokens().await;
    let request = partner.request(Method::POST, &format!("{INIT}/{}", tokens.payment));
    let answer = partner.send(Body::new(JSON, body).on(request.bearer_auth(&tokens.access))).await;
    assert_eq!(answer.status, 200, "{row}: {}", answer.json);
    (tokens, answer.good().json)
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_are_exact() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    for (written, exact) in [
        ("5", "5.00"),
        ("5.1", "5.10"),
        ("5.10", "5.10"),
        ("\"5\"", "5.00"),
        ("\"5.1\"", "5.10"),
        ("\"5.10\"", "5.10"),
        ("\" 5.10 \"", "5.10"),
        ("\"005.10\"", "5.10"),
        ("0.01", "0.01"),
        ("0.3", "0.30"),
        ("0.29", "0.29"),
        ("1.15", "1.15"),
        ("19.99", "19.99"),
        ("4.35", "4.35"),
        ("1234567.89", "1234567.89"),
        ("\"90071992.55\"", "90071992.55"),
        ("999999999.99", "999999999.99"),
    ] {
        let body = with(an_order(), json!({ "amount": null })).to_string();
        let body = body.replacen('{', &format!("{{\"amount\": {written} ,"), 1);
        let (tokens, _) = taken(&shop, written, body).await;
        assert_eq!(shop.status(&tokens).await.good().text("amount"), exact, "{written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_may_be_said() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    let full = json!({
        "creditorName": "ș".repeat(70), "creditorIban": "ro66-bacx 0000 0012 3456 7890", "details": "x".repeat(140),
        "psuEmail": "ana+plati@payer.example", "psuIntermediarId": 4711, "debtorIban": "RO30 CECE B000 30RO N000 1001",
        "debtorBank": "cec", "redirectURL": "https://shop.example/inapoi/7?a=1&b=%20", "ibanOptimization": 1, "TCAccepted": true,
        "TCaccepted": "0", "externalPaymentId": "C-7", "unknown": { "deep": [[[]]] }, "creditorname": 5,
    });
    let rows = [
        ("everything", full),
        ("the least", json!({})),
        (
            "digits in the account part are letters",
            json!({ "creditorIban": "RO49AAAA1B31007593840000" }),
        ),
        ("an account abroad", json!({ "creditorIban": "FR7613807008043001965405158" })),
        ("an inactive bank", json!({ "debtorBank": "bt" })),
        (
            "hostile, but text",
            json!({ "creditorName": "<script>alert(1)</script>", "details": "'; DROP TABLE payments; --" }),
        ),
        (
            "empty equals absent",
            json!({ "psuEmail": "", "debtorIban": " ", "debtorBank": "", "redirectURL": "", "psuIntermediarId": "" }),
        ),
        ("the registered URL", json!({ "redirectURL": "https://shop.example/inapoi" })),
    ];
    for (row, more) in rows {
        let (tokens, answer) = taken(&shop, row, with(an_order(), more.clone()).to_string()).await;
        assert_eq!(answer["paymentId"], tokens.payment, "{row}");
        assert_eq!(answer["redirectUri"], answer["redirectURL"], "{row}");
        let payment = app.payment(tokens.payment).await;
        assert_eq!(payment.terms_accepted, row == "everything", "{row}");
        assert_eq!(payment.psu_email.is_some(), row == "everything", "{row}");
    }
    let nothing = [
        "psuEmail",
        "psuIntermediarId",
        "debtorIban",
        "debtorBank",
        "redirectURL",
        "ibanOptimization",
        "TCAccepted",
        "TCaccepted",
        "externalPaymentId",
        "payments",
        "startDate",
        "Frequency",
        "dayOfExecution",
    ];
    let nulls = nothing.map(|field| format!("\"{field}\":null,")).concat();
    let (tokens, with_nulls) = taken(&shop, "null", an_order().to_string().replacen('{', &format!("{{{nulls}"), 1)).await;
    assert_eq!(with_nulls["externalPaymentId"], tokens.payment, "ours, when the partner gave none");
    // `null` is so much like absent that one repeats the other.
    assert_eq!(shop.init(&tokens, &an_order()).await.good().json, with_nulls);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partners_id_flags_and_paths() {
    let app = TestApp::start_with(UNLIMITED).await;
    let shop = app.shop();
    for id in [
        json!(7),
        json!(9_007_199_254_740_991_i64),
        json!("C-7"),
        json!("007"),
        json!("7.0"),
        json!("ș țară"),
        json!("x".repeat(64)),
    ] {
        let (tokens, answer) = taken(&shop, "id", with(an_order(), json!({ "externalPaymentId": id })).to_string()).await;
        assert_eq!(answer["externalPaymentId"], id);
        assert_eq!(shop.status(&tokens).await.good().json["externalPaymentId"], id);
    }
    for (written, accepted) in [
        ("true", true),
        ("1", true),
        ("\"true\"", true),
        ("\"1\"", true),
        ("false", false),
        ("0", false),
        ("\"0\"", false),
        ("\"\"", false),
    ] {
        for name in ["TCAccepted", "TCaccepted"] {
            let body = an_order().to_string().replacen('{', &format!("{{\"{name}\":{written},"), 1);
            let (tokens, _) = taken(&shop, name, body).await;
            assert_eq!(app.payment(tokens.payment).await.terms_accepted, accepted, "{name} {written}");
        }
    }
    for prefix in ["/gateway", ""] {
        for family in ["/core/rest/api/core", "/core/rest/api"] {
            for (end, kind) in [
                ("", JSON),
                ("?", "application/json; charset=utf-8"),
                ("?unknown=1", "APPLICATION/JSON"),
            ] {
                let tokens = shop.tokens().await;
                let path = format!("{prefix}{family}/initPayment/{}{end}", tokens.payment);
                let body = Body::new(kind, an_order().to_string());
                let answer = shop
                    .send(body.on(shop.request(Method::POST, &path).bearer_auth(&tokens.access)))
                    .await;
                let link = answer.good().text("redirectUri").to_owned();
                assert!(
                    link.contains(&format!("/payment-initiation?payment={}&state=", tokens.payment)),
                    "{link}"
                );
            }
        }
    }
    let now = Snapshot::of(&app);
    assert_eq!(
        now.count("payments"),
        now.count("payment_instructions"),
        "each payment has its order"
    );
}
