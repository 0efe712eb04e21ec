//! The bank on its own, called as a stranger's program would call it.

use super::{CLOSED_ACCOUNT, EppCall};
use crate::clock::Clock;
use crate::sandbox::{Sandbox, SandboxSettings, start};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use url::Url;

struct Bank {
    base: Url,
    clock: Clock,
    sandbox: Sandbox,
    http: Client,
    server: actix_web::dev::ServerHandle,
}

impl Bank {
    fn open(ledger: Option<&Path>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let mut settings = SandboxSettings::new(base.clone());
        settings.ledger_file = ledger.map(Path::to_owned);
        let clock = Clock::default();
        let (server, sandbox) = start(listener, settings, clock.clone()).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            base,
            clock,
            sandbox,
            http: Client::builder().no_proxy().build().unwrap(),
            server: handle,
        }
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, self.base.join(&format!("/epp/api/{path}")).unwrap());
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn log_in(&self, login: &str, password: &str) -> (u16, Value) {
        self.call(Method::POST, "login", "", Some(json!({ "login": login, "password": password })))
            .await
    }

    async fn token(&self) -> String {
        let (status, body) = self.log_in("opstina.vrelo", "Vrelo-2026").await;
        assert_eq!(status, 200);
        body["payload"]["accessToken"].as_str().unwrap().to_owned()
    }

    async fn create(&self, token: &str, orders: &[Value]) -> Vec<Value> {
        let (status, body) = self.call(Method::POST, "payment-orders", token, Some(json!(orders))).await;
        assert_eq!(status, 200, "{body}");
        body.as_array().unwrap().clone()
    }

    async fn order(&self, token: &str, id: &Value) -> Value {
        self.call(Method::GET, &format!("payment-orders/{id}"), token, None).await.1["payload"].clone()
    }

    async fn start(&self, token: &str, ids: &[Value], channel: &str) -> (u16, Value) {
        let body = json!({ "PaymentOrderIds": ids, "TwoFactorAuthenticationChannel": channel });
        self.call(Method::POST, "payments", token, Some(body)).await
    }

    async fn confirm(&self, token: &str, tag: &Value, code: &str) -> (u16, Value) {
        let body = json!({ "PaymentIdTagName": tag, "Token": code });
        self.call(Method::PUT, "payments", token, Some(body)).await
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn order(external_id: &str, amount: &str) -> Value {
    json!({
        "PaymentBasis": "Račun 12", "PaymentCode": "220", "Amount": serde_json::from_str::<Value>(amount).unwrap(),
        "DebtorBankAccount": "840000074222184357", "DebtorCodeModel": "", "DebtorCode": "",
        "CreditorName": "Dobavljač", "CreditorAddress": "", "CreditorBankAccount": "265110031000000243",
        "CreditorCodeModel": "97", "CreditorCode": "163220000111111111000", "UrgentPayment": false, "ExternalId": external_id,
        "UserTags": ["T"], "Comment": external_id,
    })
}

fn with(mut order: Value, field: &str, value: &str) -> Value {
    order[field] = value.into();
    order
}

#[actix_web::test]
async fn three_wrong_passwords_lock_for_a_minute() {
    let bank = Bank::open(None);
    for _ in 0..3 {
        assert_eq!(bank.log_in("opstina.vrelo", "x").await.0, 401);
    }
    assert_eq!(
        bank.log_in("opstina.vrelo", "Vrelo-2026").await.0,
        403,
        "locked also for the right one"
    );
    bank.pass(61);
    let (_, pair) = bank.log_in("opstina.vrelo", "Vrelo-2026").await;
    let text = |name: &str| pair["payload"][name].as_str().unwrap().to_owned();
    assert_eq!(bank.call(Method::GET, "login/ping", &text("accessToken"), None).await.0, 200);
    bank.pass(20 * 60);
    assert_eq!(
        bank.call(Method::GET, "login/ping", &text("accessToken"), None).await.0,
        401,
        "20 minutes"
    );
    let (status, renewed) = bank.call(Method::GET, "login/refresh", &text("refreshToken"), None).await;
    assert_eq!(status, 200);
    assert_eq!(
        bank.call(Method::GET, "login/refresh", &text("refreshToken"), None).await.0,
        401,
        "good once"
    );
    let token = renewed["payload"]["accessToken"].as_str().unwrap();
    assert_eq!(bank.call(Method::GET, "login/ping", token, None).await.0, 200);
    bank.server.stop(false).await;
}

#[actix_web::test]
async fn orders_are_checked_one_by_one_and_the_good_ones_created() {
    let bank = Bank::open(None);
    let token = bank.token().await;
    let bad = [
        (
            with(order("B1", "5.00"), "CreditorBankAccount", "999000000000012373"),
            "UnknownCreditorBank",
        ),
        (
            with(order("B2", "5.00"), "CreditorBankAccount", "265110031000000244"),
            "InvalidCreditorBankAccount",
        ),
        (
            with(order("B3", "5.00"), "CreditorCode", "173220000111111111000"),
            "InvalidCreditorCode",
        ),
        (with(order("B4", "5.00"), "PaymentCode", "320"), "InvalidPaymentCode"),
        (
            with(order("B5", "5.00"), "DebtorBankAccount", "840000000003084534"),
            "InvalidDebtorBankAccount",
        ),
        (order("B6", "0"), "InvalidAmount"),
        (order("A", "5.00"), "DuplicateExternalId"),
    ];
    let mut orders = vec![order("A", "100.50")];
    orders.extend(bad.iter().map(|(order, _)| order.clone()));
    let (status, checked) = bank
        .call(Method::POST, "payment-orders/validate", &token, Some(json!(orders)))
        .await;
    assert_eq!((status, bank.sandbox.epp_orders().len()), (200, 0), "only checked");
    assert_eq!(checked["payload"][1]["error"]["code"], "UnknownCreditorBank");
    let created = bank.create(&token, &orders).await;
    assert_eq!(
        (created[0]["error"].clone(), created[0]["model"]["amount"].to_string()),
        (Value::Null, "100.5".to_owned())
    );
    for ((_, name), item) in bad.iter().zip(&created[1..]) {
        assert_eq!(
            (item["error"]["code"].as_str(), item["model"]["id"].clone()),
            (Some(*name), Value::Null)
        );
    }
    assert_eq!(bank.sandbox.epp_orders().len(), 1);
    let (_, found) = bank.call(Method::GET, "payment-orders?filter[ExternalId]=A", &token, None).await;
    assert_eq!(
        (&found["payload"]["totalCount"], &found["payload"]["items"][0]["externalId"]),
        (&json!(1), &json!("A"))
    );
    assert_eq!(bank.call(Method::GET, "payment-orders?filter[X]=A", &token, None).await.0, 400);
    assert_eq!(bank.call(Method::POST, "payment-orders", &token, Some(json!([]))).await.0, 400);
    assert_eq!(bank.call(Method::GET, "payment-orders", "nobody", None).await.0, 401);
    bank.server.stop(false).await;
}

#[actix_web::test]
async fn a_code_locks_the_orders_and_pays_them_once() {
    let bank = Bank::open(None);
    let token = bank.token().await;
    let created = bank
        .create(
            &token,
            &[
                order("A", "100.50"),
                with(order("C", "7.00"), "CreditorBankAccount", CLOSED_ACCOUNT),
            ],
        )
        .await;
    let ids: Vec<Value> = created.iter().map(|c| c["model"]["id"].clone()).collect();
    assert_eq!(bank.start(&token, &ids, "Pigeon").await.0, 400);
    let (status, started) = bank.start(&token, &ids, "Zimbra").await;
    let payload = &started["payload"];
    assert_eq!(
        (status, payload["totalAmount"].to_string(), &payload["totalCount"]),
        (200, "107.5".to_owned(), &json!(2))
    );
    let tag = payload["paymentIdTagName"].clone();
    assert_eq!(bank.order(&token, &ids[0]).await["systemTags"], json!([tag]));
    assert_eq!(bank.start(&token, &ids[..1], "Nth").await.0, 409, "locked");
    let (codes, _) = bank.sandbox.epp_codes("opstina.vrelo");
    let wrong = if codes[0] == "000000" { "000001" } else { "000000" };
    let (status, refused) = bank.confirm(&token, &tag, wrong).await;
    assert_eq!((status, &refused["status"]["message"]), (400, &json!("InvalidToken")));
    let (status, confirmed) = bank.confirm(&token, &tag, &codes[0]).await;
    assert!(status == 200 && confirmed["payload"]["paymentTagName"].as_str().unwrap().starts_with("p-"));
    assert_eq!(bank.confirm(&token, &tag, &codes[0]).await.1["status"]["message"], "UsedToken");
    bank.pass(1);
    assert!(bank.order(&token, &ids[0]).await["transactionStartDate"].is_string());
    bank.pass(1);
    let (paid, not) = (bank.order(&token, &ids[0]).await, bank.order(&token, &ids[1]).await);
    assert!(paid["transactionId"].is_string() && paid["paymentDate"].is_string());
    assert_eq!(
        (&not["transactionMessage"], &not["paymentDate"]),
        (&json!("Račun primaoca je ugašen"), &Value::Null)
    );
    assert_eq!(bank.sandbox.epp_balance_minor("840000074222184357"), 18_500_000_000 - 10_050);
    assert_eq!(bank.start(&token, &ids[..1], "Nth").await.0, 409, "a paid order is not paid again");
    bank.server.stop(false).await;
}

#[actix_web::test]
async fn after_its_time_or_five_wrong_codes_the_orders_are_free_again() {
    let bank = Bank::open(None);
    let token = bank.token().await;
    let created = bank.create(&token, &[order("A", "100.50")]).await;
    let ids = [created[0]["model"]["id"].clone()];
    let tag = bank.start(&token, &ids, "Nth").await.1["payload"]["paymentIdTagName"].clone();
    bank.pass(5 * 60);
    assert_eq!(bank.order(&token, &ids[0]).await["systemTags"], json!([]));
    let (codes, _) = bank.sandbox.epp_codes("opstina.vrelo");
    assert_eq!(bank.confirm(&token, &tag, &codes[0]).await.1["status"]["message"], "PaymentExpired");
    // The authenticator makes a code of its own, which is good once.
    let tag = bank.start(&token, &ids, "Authenticator").await.1["payload"]["paymentIdTagName"].clone();
    for _ in 0..5 {
        bank.confirm(&token, &tag, "no code").await;
    }
    let shown = bank.sandbox.epp_codes("opstina.vrelo").1.unwrap();
    assert_eq!(bank.confirm(&token, &tag, &shown).await.1["status"]["message"], "PaymentExpired");
    let tag = bank.start(&token, &ids, "Authenticator").await.1["payload"]["paymentIdTagName"].clone();
    assert_eq!(bank.confirm(&token, &tag, &shown).await.0, 200);
    let created = bank.create(&token, &[order("B", "1.00")]).await;
    let tag = bank.start(&token, &[created[0]["model"]["id"].clone()], "Authenticator").await.1["payload"]["paymentIdTagName"].clone();
    assert_eq!(bank.confirm(&token, &tag, &shown).await.1["status"]["message"], "UsedToken");
    bank.server.stop(false).await;
}

#[actix_web::test]
async fn a_statement_is_there_for_a_minute_and_for_the_bank_s_own_page_only() {
    let bank = Bank::open(None);
    let token = bank.token().await;
    let (_, accounts) = bank
        .call(Method::GET, "bank-accounts?PerPage=1&SortBy=Number&SortDesc=true", &token, None)
        .await;
    assert_eq!(accounts["payload"]["items"][0]["number"], "0000742221843");
    let day = bank.clock.now().date();
    let path = |format: &str| format!("bank-accounts/0000742221843/statement-url?type=statement&format={format}&date={day}");
    let url = |body: Value| Url::parse(body["payload"]["url"].as_str().unwrap()).unwrap();
    let get = async |url: Url, referer: Option<String>| {
        let mut request = bank.http.get(url);
        if let Some(referer) = referer {
            request = request.header("Referer", referer);
        }
        request.send().await.unwrap()
    };
    let own = || Some(format!("{}epp/", bank.base));
    for format in ["PDF", "XML", "JSON"] {
        let link = url(bank.call(Method::GET, &path(format), &token, None).await.1);
        let answer = get(link, own()).await;
        assert_eq!(answer.status(), 200);
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(media_type.ends_with(&format.to_lowercase()), "{media_type}");
        let bytes = answer.bytes().await.unwrap();
        assert!(!bytes.is_empty() && (format != "PDF" || bytes.starts_with(b"%PDF-")));
    }
    let link = url(bank.call(Method::GET, &path("JSON"), &token, None).await.1);
    for referer in [
        None,
        Some(format!("{}epp", bank.base)),
        Some("https://elsewhere.example/".to_owned()),
    ] {
        assert_eq!(get(link.clone(), referer).await.status(), 410);
    }
    bank.pass(60);
    assert_eq!(get(link, own()).await.status(), 410);
    assert_eq!(
        bank.call(Method::GET, "bank-accounts/0000000030845", &token, None).await.0,
        404,
        "another's account"
    );
    bank.server.stop(false).await;
}

#[actix_web::test]
async fn what_happened_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let bank = Bank::open(Some(&ledger));
    let token = bank.token().await;
    let created = bank.create(&token, &[order("A", "100.50")]).await;
    let ids = [created[0]["model"]["id"].clone()];
    let tag = bank.start(&token, &ids, "Nth").await.1["payload"]["paymentIdTagName"].clone();
    bank.server.stop(true).await;
    let bank = Bank::open(Some(&ledger));
    assert_eq!(
        bank.call(Method::GET, "login/ping", &token, None).await.0,
        401,
        "sessions end with the process"
    );
    let token = bank.token().await;
    assert_eq!(bank.order(&token, &ids[0]).await["systemTags"], json!([tag]));
    let (codes, _) = bank.sandbox.epp_codes("opstina.vrelo");
    assert_eq!(bank.confirm(&token, &tag, &codes[0]).await.0, 200);
    bank.pass(5);
    assert_eq!(bank.sandbox.epp_bookings().len(), 1);
    assert_eq!(bank.sandbox.epp_calls(EppCall::Confirm), 1);
    let pages = [("/epp", "Opština Vrelo"), ("/epp/coduri/opstina.vrelo", &codes[0]), ("/", "ePP")];
    for (path, words) in pages {
        let page = bank
            .http
            .get(bank.base.join(path).unwrap())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(page.contains(words), "{path}");
    }
    bank.server.stop(false).await;
}
