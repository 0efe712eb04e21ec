//! Euros from an account in France: a STET bank whose page the payer visits, a return that makes us confirm the order,
//! and a refusal told in plain words.

use crate::support::browser::Page;
use crate::support::partner::{Partner, Started};
use crate::support::psu::{At, Psu};
use crate::support::{TestApp, profile};
use serde_json::{Value, json};
use smartpay::clock::Clock;
use smartpay::flow::add_partner::add_partner;
use smartpay::partner::PartnerKind;
use smartpay::payment::Currency;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

const SECOND: Duration = Duration::from_secs(1);
const MARC: At = At {
    bank: "bp-grand-ouest",
    name: "Banque Populaire Grand Ouest",
    iban: "FR7613807008043001965405158",
    user_code: "",
};

/// The bank: takes one order, and says of it what it is told to.
struct Bank {
    server: MockServer,
    order: Arc<Mutex<Value>>,
}

impl Bank {
    async fn start() -> Self {
        let server = MockServer::builder().start().await;
        let order = Arc::new(Mutex::new(json!({"paymentRequest": {"paymentInformationStatus": "RCVD"}})));
        let token = json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3599});
        let link = json!({"_links": {"consentApproval": {"href": "/psu?paymentRequestRessourceId=R1"}}});
        let says = order.clone();
        let said = move |_: &Request| ResponseTemplate::new(200).set_body_json(says.lock().unwrap().clone());
        let on = |method: &str, path: &str| Mock::given(matchers::method(method)).and(matchers::path_regex(path));
        on("POST", "/oauth/token$")
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&server)
            .await;
        on("POST", "/payment-requests$")
            .respond_with(ResponseTemplate::new(201).set_body_json(link))
            .mount(&server)
            .await;
        on("GET", "/payment-requests/R1$").respond_with(said.clone()).mount(&server).await;
        on("POST", "/R1/o-confirmation$").respond_with(said).mount(&server).await;
        Self { server, order }
    }

    fn says(&self, word: &str, reason: Option<&str>) {
        *self.order.lock().unwrap() =
            json!({"paymentRequest": {"paymentInformationStatus": word, "statusReasonInformation": reason, "booking": null}});
    }

    async fn received(&self, end: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|r| r.url.path().ends_with(end)).collect()
    }

    /// The way back to us, with the code that the bank adds.
    async fn way_back(&self) -> Url {
        let order: Value = self.received("/payment-requests").await[0].body_json().unwrap();
        let mut url: Url = order["supplementaryData"]["successfulReportUrl"].as_str().unwrap().parse().unwrap();
        url.query_pairs_mut().append_pair("code", "c1");
        url
    }
}

async fn start() -> (TestApp, Bank, Partner) {
    let bank = Bank::start().await;
    let file = |name: &str| toml::Value::String(format!("{}/tests/fixtures/stet/{name}", env!("CARGO_MANIFEST_DIR")));
    let settings = format!(
        "[bank_calls]\nsigning_certificate = {}\nsigning_key = {}\n[bank.bp-grand-ouest]\nbase_url = \"{}\"\nclient_id = \"PSDRO-NBR-1\"\n",
        file("qsealc.pem"),
        file("qsealc.key"),
        bank.server.uri()
    );
    let app = TestApp::start_with(&settings).await;
    let in_euros = profile("stranger", PartnerKind::Ecommerce, Currency::Eur);
    add_partner(&app.cx.db, in_euros, None, "story", Clock::default().now())
        .await
        .unwrap();
    let partner = app.partner("stranger");
    (app, bank, partner)
}

async fn at_the_bank(app: &TestApp, partner: &Partner) -> (Started, Psu, Page) {
    let started = partner.start(json!({ "amount": "10.51" })).await;
    let psu = app.psu();
    let form = psu.open(&started.link).await;
    form.says("10,51 EUR").says(MARC.name);
    assert!(!form.body.contains("CEC Bank"), "a bank whose payments are in lei");
    let to_bank = psu.follow(&psu.submit(&psu.fill_at(&form, MARC)).await).await;
    to_bank.says("Mergi la Banque Populaire Grand Ouest");
    (started, psu, to_bank)
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_the_banks_of_their_currency() {
    let (app, _bank, partner) = start().await;
    for (partner, euros) in [(partner, true), (app.shop(), false)] {
        let list = partner.banks().await.good().json["payload"].clone();
        let codes: Vec<&str> = list.as_array().unwrap().iter().map(|b| b["code"].as_str().unwrap()).collect();
        assert_eq!(codes.contains(&"bp-grand-ouest"), euros, "{codes:?}");
        assert_eq!(codes.contains(&"ce-ile-de-france"), euros, "{codes:?}");
        assert_eq!(codes.contains(&"cec"), !euros, "{codes:?}");
    }
    let tokens = app.shop().tokens().await;
    let order = crate::support::partner::with(crate::support::partner::an_order(), json!({ "debtorBank": "bp-grand-ouest" }));
    let refused = app.shop().init(&tokens, &order).await;
    assert_eq!(refused.status, 422, "{}", refused.json);
    assert!(refused.json.to_string().contains("OTHER_CURRENCY"), "{}", refused.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_in_another_browser_confirms_nothing_and_a_refusal_has_a_reason() {
    let (app, bank, partner) = start().await;
    let (started, psu, to_bank) = at_the_bank(&app, &partner).await;
    assert!(to_bank.link("a#go").as_str().starts_with(&bank.server.uri()));
    bank.says("ACTC", None);
    let back = bank.way_back().await;
    app.psu().get(&back).await.says("Te-ai întors de la bancă");
    app.let_pass(4, 20 * SECOND).await;
    assert!(
        bank.received("o-confirmation").await.is_empty(),
        "somebody else's browser confirms nothing"
    );
    psu.come_back(&back).await.says("Verificăm plata la banca ta");
    app.let_pass(4, 2 * SECOND).await;
    psu.come_back(&back).await;
    app.let_pass(2, 2 * SECOND).await;
    assert_eq!(bank.received("o-confirmation").await.len(), 1, "once");
    bank.says("RJCT", Some("AC04"));
    app.let_pass(4, 20 * SECOND).await;
    psu.get(&started.link)
        .await
        .says("Banca ta nu a făcut plata: unul dintre conturi este închis.");
    let seen = partner.status(&started.tokens).await.good();
    assert_eq!(seen.text("statusReason"), "account_closed");
    // Nobody tries again: the refusal stands, and the mail says the same.
    app.let_pass(20, 300 * SECOND).await;
    let mails = app.mails.all();
    let told = mails.iter().any(|m| m.text.contains("unul dintre conturi este închis"));
    assert!(told, "{} mails", mails.len());
}
