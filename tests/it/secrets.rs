//! Whoever steals the disk or reads the logs learns no account, name, address or token of anybody.

use crate::support::TestApp;
use crate::support::consents::terms;
use crate::support::partner::{Started, with};
use crate::support::psu::{ANA, MIHAI_COD};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

const CREDITOR: &str = "Canarul Galben Atelier";
const DETAILS: &str = "detalii-canar-81723";
const EMAIL: &str = "canar.81723@payer.example";
const CLIENT_ID_PSU: &str = "client-canar-81723";

/// Pays with a canary in every field; answers everything that must be found nowhere.
async fn a_payment_with_canaries(app: &TestApp) -> Vec<String> {
    let (shop, psu) = (app.shop(), app.psu());
    let order = json!({
        "creditorName": CREDITOR, "details": DETAILS, "psuEmail": EMAIL, "psuIntermediarId": CLIENT_ID_PSU, "debtorIban": ANA.iban,
    });
    let mut started: Started = shop.start(order).await;
    let mut secrets = vec![started.tokens.access.clone(), started.tokens.refresh.clone()];
    shop.sees(&mut started).await;
    secrets.extend([started.tokens.access.clone(), started.tokens.refresh.clone()]);
    let form = psu
        .open(&started.link)
        .await
        .form("/payment-initiation")
        .with("bank", "cec")
        .with("terms", "yes");
    assert_eq!(
        (form.value("email"), form.value("debtor_iban").replace(' ', "")),
        (EMAIL, ANA.iban.to_owned())
    );
    secrets.push(form.value("state").to_owned());
    secrets.push(form.value("csrf").to_owned());
    secrets.push(psu.cookie("smartpay").unwrap());
    let to_bank = psu.follow(&psu.submit(&form).await).await;
    let authorise = to_bank.link("a#go");
    let taken = |name: &str, url: &url::Url| url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
    secrets.push(taken("state", &authorise));
    secrets.push(taken("code_challenge", &authorise));
    let way_back = psu.approve(&to_bank, ANA).await;
    secrets.push(taken("code", &way_back));
    psu.come_back(&way_back).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(shop.sees(&mut started).await.is_successful);
    assert_eq!(app.mails.all()[0].to, EMAIL);
    secrets.extend(
        [
            ANA.iban,
            "RO30 CECE B000 30RO N000 1001",
            "RO66BACX0000001234567890",
            "RO66 BACX 0000 0012 3456 7890",
            CREDITOR,
            DETAILS,
            EMAIL,
            CLIENT_ID_PSU,
        ]
        .map(str::to_owned),
    );
    secrets
}

/// Pays with a one-time code, after moving the payment to another browser and mistyping the code once.
async fn a_code_with_canaries(app: &TestApp) -> Vec<String> {
    let (desktop, phone) = (app.psu(), app.psu());
    let mut started = app.shop().start(json!({})).await;
    let code_page = desktop
        .submit(&desktop.open(&started.link).await.form("/payment-initiation/phone"))
        .await;
    let address: url::Url = code_page.part(".address").parse().unwrap();
    let key = address.query_pairs().find(|(n, _)| n == "key").unwrap().1.into_owned();
    let question = phone.get(&address).await;
    let form = phone
        .follow(&phone.submit(&question.form("/payment-initiation/hand-over")).await)
        .await;
    let methods = phone.follow(&phone.submit(&phone.fill_at(&form, MIHAI_COD)).await).await;
    let chosen = methods.form("/payment-initiation/method").with("method", "app");
    let page = phone.follow(&phone.submit(&chosen).await).await;
    let wrong = "canar817";
    let page = phone.enter_code(&page, wrong).await;
    let code = app.bank.codes_for("mihai").pop().unwrap();
    phone.enter_code(&page, &code).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(app.shop().sees(&mut started).await.is_successful);
    vec![key, code, wrong.to_owned()]
}

/// Gives a consent, reads everything under it, and picks an account for a payment.
async fn a_consent_with_canaries(app: &TestApp) -> Vec<String> {
    let (erp, psu) = (app.erp(), app.psu());
    let wanted = with(terms(), json!({ "psuIntermediarId": CLIENT_ID_PSU }));
    let (tokens, link) = erp.start_consent(&wanted).await;
    let mut secrets = vec![tokens.access.clone(), tokens.refresh.clone(), CLIENT_ID_PSU.to_owned()];
    let taken = |name: &str, url: &url::Url| url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
    secrets.push(taken("state", &link));
    let go = psu.to_consents_bank(&link, "cec").await;
    secrets.push(psu.cookie("smartpay").unwrap());
    secrets.push(taken("state", &go.link("a#go")));
    let back = psu.agree(&go, ANA, |_| true).await;
    secrets.push(taken("code", &back));
    psu.come_back(&back).await;
    let list = erp.get_consent("accounts", &tokens, "").await.good();
    let id = list.json["accounts"][0]["accountId"].as_str().unwrap().to_owned();
    let day = app.today() - chrono::Days::new(90);
    for rest in [
        format!("/{id}"),
        format!("/{id}/balances"),
        format!("/{id}/transactions?dateFrom={day}"),
    ] {
        let answer = erp.get_consent("accounts", &tokens, &rest).await.good();
        if let Some(name) = answer.json["transactions"][0]["counterpartyName"].as_str() {
            secrets.push(name.to_owned());
        }
    }
    let question = json!({ "iban": ANA.iban, "amount": "7171.71" });
    erp.post_consent("fundsConfirmation", &tokens, &question).await.good();
    secrets.extend([id, ANA.iban.to_owned(), "7171.71".to_owned()]);
    secrets.extend(a_consent_by_code_with_canaries(app).await);
    secrets
}

/// Gives a consent with a one-time code, after mistyping it once.
async fn a_consent_by_code_with_canaries(app: &TestApp) -> Vec<String> {
    let (erp, psu) = (app.erp(), app.psu());
    let (tokens, link) = erp.start_consent(&with(terms(), json!({ "bank": MIHAI_COD.bank }))).await;
    let form = psu.get(&link).await.form("/account-consent");
    let form = form.with("bank", MIHAI_COD.bank).with("user_code", MIHAI_COD.user_code);
    let methods = psu.follow(&psu.submit(&form).await).await;
    let chosen = methods.form("/account-consent/method").with("method", "app");
    let page = psu.follow(&psu.submit(&chosen).await).await;
    let wrong = "canar818";
    let page = psu
        .follow(&psu.submit(&page.form("/account-consent/code").with("code", wrong)).await)
        .await;
    let code = app.bank.codes_for("mihai").pop().unwrap();
    psu.submit(&page.form("/account-consent/code").with("code", &code)).await;
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    vec![code, wrong.to_owned()]
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    let plain = needle.as_bytes();
    // PostgreSQL shows bytes as hexadecimal.
    let hex: String = plain.iter().map(|b| format!("{b:02x}")).collect();
    [plain, hex.as_bytes()].iter().any(|n| haystack.windows(n.len()).any(|w| w == *n))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_readable_is_on_the_disk() {
    let app = TestApp::start().await;
    let mut secrets = a_payment_with_canaries(&app).await;
    secrets.extend(a_code_with_canaries(&app).await);
    secrets.extend(a_consent_with_canaries(&app).await);
    let stolen = app.database.stolen();
    let all: Vec<u8> = stolen.iter().flat_map(|(_, content)| content.clone()).collect();
    assert!(
        holds(&all, "Partener shop") && holds(&all, "order_received"),
        "the search finds what is there"
    );
    for secret in secrets {
        let found: Vec<&str> = stolen.iter().filter(|(_, c)| holds(c, &secret)).map(|(n, _)| n.as_str()).collect();
        assert!(found.is_empty(), "{secret} is readable in {found:?}");
    }
}

/// All log lines of this process, whichever story wrote them.
#[derive(Clone, Default)]
pub struct Lines(pub Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub fn logged() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let log = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("info,smartpay=trace"))
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(lines.clone());
        log.init();
        lines
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_readable_is_in_the_log() {
    let lines = logged();
    let app = TestApp::start().await;
    let mut secrets = a_payment_with_canaries(&app).await;
    secrets.extend(a_code_with_canaries(&app).await);
    secrets.extend(a_consent_with_canaries(&app).await);
    // The same words again where they are refused.
    let shop = app.shop();
    let tokens = shop.tokens().await;
    let wrong = json!({ "creditorName": CREDITOR, "creditorIban": "RO00CANAR", "amount": EMAIL, "details": DETAILS, "psuEmail": "canar@" });
    assert_eq!(shop.init(&tokens, &wrong).await.status, 400);
    assert_eq!(shop.refresh("canar-refresh-81723").await.status, 401);
    app.psu()
        .get(&app.public("payment-return/cec?code=canar-code-81723&state=canar-state-81723"))
        .await;
    app.psu()
        .get(&app.public("payment-initiation?payment=canar-id-81723&state=canar-link-81723"))
        .await;
    secrets.extend(["RO00CANAR", "canar-refresh", "canar-code", "canar-state", "canar-id", "canar-link"].map(str::to_owned));
    let log = lines.0.lock().unwrap().clone();
    assert!(
        holds(&log, &tokens.payment.to_string()) || holds(&log, "bank_settled"),
        "the log is being read"
    );
    let log_text = String::from_utf8_lossy(&log).into_owned();
    for secret in secrets {
        let line = log_text.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap_or_default());
    }
}
