//! What the operator enters by the program's commands, and what the service does with it.

use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::psu::ANA;
use serde_json::json;
use smartpay::bank::access::{AccessKeeper as _, Holder};
use smartpay::flow::bank_access::DatabaseKeeper;
use std::net::SocketAddr;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

const SECOND: Duration = Duration::from_secs(1);
const PORTAL_PASSWORD: &str = "correct horse 81723";
const SERVICE_PASSWORD: &str = "Vrelo-2026";

/// An address that stays the same while the application behind it is started again, as a proxy's does.
struct Front {
    url: String,
    to: Arc<Mutex<Option<SocketAddr>>>,
}

impl Front {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to = Arc::new(Mutex::new(None));
        let behind = to.clone();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let at: Option<SocketAddr> = *behind.lock().unwrap();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(at.unwrap()).await.unwrap();
                    // Either side may hang up.
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                });
            }
        });
        Self { url, to }
    }

    fn leads_to(&self, app: &TestApp) {
        *self.to.lock().unwrap() = Some(app.public_at);
    }
}

/// What a command said to the person at the terminal: everything it wrote, and whether it did what it was told.
fn said(output: &Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn enrol(app: &TestApp, more: &[&str], password: &str) -> (bool, String) {
    let redirect_uri = app.public("payment-return/cec");
    let mut words = vec![
        "bank",
        "enrol",
        "cec",
        "--username",
        "operator",
        "--first-name",
        "Ana",
        "--last-name",
        "Pop",
    ];
    words.extend([
        "--organization",
        "Plăți Exemplu SRL",
        "--app-name",
        "plati",
        "--redirect-uri",
        redirect_uri.as_str(),
    ]);
    words.extend(more);
    let (good, text) = said(&app.command(&words, password));
    assert!(!text.contains(password), "{text}");
    (good, text)
}

/// There is one entry, and whoever reads the database does not find the secret in it.
fn is_stored_sealed(app: &TestApp, secret: &str) {
    let hex = match app.database {
        Database::Sqlite { .. } => "lower(hex(password_sealed))",
        Database::Postgres { .. } => "encode(password_sealed, 'hex')",
    };
    let [sealed] = app
        .database
        .lines(&format!("SELECT {hex} AS line FROM bank_credentials"))
        .try_into()
        .unwrap();
    let plain: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(sealed.len() > plain.len() && !sealed.contains(&plain));
}

async fn open_the_mail(app: &TestApp) {
    let browser = Browser::new();
    let page = browser.get(&app.bank_url().join("cec/portal").unwrap()).await;
    let done = browser.submit(&page.form("/activare").with("username", "operator")).await;
    browser.follow(&done).await.says("Confirmat.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_enrolled_is_used_from_the_next_start_on() {
    let front = Front::start().await;
    let mut app = TestApp::start_with(&format!("[public]\nbase_url = \"{}\"\n", front.url)).await;
    front.leads_to(&app);
    // Without a client of the operator's own in the settings, the one that is enrolled is meant.
    app.change_settings("[bank.cec]\nclient_id = \"\"\n");
    let (good, text) = said(&app.command(&["bank", "list"], ""));
    assert!(good && text.contains("client_id: is missing: set it, or enrol"), "{text}");

    let (good, text) = enrol(&app, &["--activated"], PORTAL_PASSWORD);
    assert!(!good && text.contains("not registered yet"), "{text}");
    let (good, text) = enrol(&app, &[], PORTAL_PASSWORD);
    assert!(good && text.starts_with("registered;"), "{text}");
    let (good, text) = enrol(&app, &[], PORTAL_PASSWORD);
    assert!(!good && text.contains("the user is there already"), "{text}");
    let (good, text) = enrol(&app, &["--activated"], PORTAL_PASSWORD);
    assert!(!good && text.contains("open the link in the activation mail"), "{text}");
    open_the_mail(&app).await;
    let (good, text) = enrol(&app, &["--activated"], "wrong horse 81723");
    assert!(!good && text.contains("user name or password is wrong"), "{text}");
    // The organization has spaces, which the portal takes of no app.
    let (good, text) = enrol(&app, &["--activated"], PORTAL_PASSWORD);
    assert!(good, "{text}");

    let keeper = DatabaseKeeper::new(app.cx.db.clone(), app.cx.clock.clone());
    let login = keeper.login("cec", &Holder::Operator).await.unwrap().unwrap();
    let (id, secret) = (login.name.expose(), login.password.expose());
    assert!(text.contains(&format!("client id {id}")) && !text.contains(secret), "{text}");
    let (good, text) = enrol(&app, &["--activated"], PORTAL_PASSWORD);
    assert!(!good && text.contains("enrolled already") && !text.contains(secret), "{text}");
    let (good, text) = said(&app.command(&["bank", "list"], ""));
    assert!(good && text.contains("cec\tCEC Bank\tactive") && !text.contains(secret), "{text}");
    let (good, text) = said(&app.command(&["check-config"], ""));
    assert!(good && !text.contains(secret), "{text}");
    is_stored_sealed(&app, secret);

    // The program that runs goes on as it is; the next one uses it.
    let mut by_whom = Vec::new();
    for _ in 0..2 {
        let psu = app.psu();
        let mut started = app.shop().start(json!({})).await;
        let page = psu.pay(&started.link, ANA).await;
        psu.come_back(&psu.approve(&page, ANA).await).await;
        app.let_pass(12, 2 * SECOND).await;
        assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
        by_whom.push(app.bank.orders().pop().unwrap().received.client_id);
        app.restart().await;
        front.leads_to(&app);
    }
    assert!(by_whom[0] != id && by_whom[1] == id, "{by_whom:?}");
}

fn credentials(app: &TestApp, client_id: &str, bank: &str, password: &str) -> (bool, String) {
    let words = [
        "partner",
        "bank-credentials",
        "--client-id",
        client_id,
        "--bank",
        bank,
        "--user",
        "opstina.vrelo",
    ];
    said(&app.command(&words, password))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_is_entered_and_pays() {
    let app = TestApp::start().await;
    for (client_id, bank, password, problem) in [
        ("nobody", "epp", SERVICE_PASSWORD, "there is no partner nobody"),
        (
            "dinar",
            "cec",
            SERVICE_PASSWORD,
            "cec is no bank where partners have service accounts",
        ),
        ("dinar", "epp", "", "may be empty"),
    ] {
        let (good, text) = credentials(&app, client_id, bank, password);
        assert!(!good && text.contains(problem) && !text.contains(SERVICE_PASSWORD), "{text}");
    }
    let order = json!({
        "creditorName": "Dobavljač DOO", "creditorIban": "265-1100310000002-43", "amount": "1000.50", "details": "Račun 1/2026",
    });
    let mut started = app.dinar().start_with(&order).await;
    let psu = app.psu();
    let pay = async || {
        let form = psu.fill(&psu.get(&started.link).await, ANA);
        let form = form.with("bank", "epp").with("debtor_iban", "840-742221843-57");
        psu.follow(&psu.submit(&form).await).await
    };
    pay().await.says("Uprava za trezor (ePP)");
    assert!(app.bank.epp_orders().is_empty(), "there is no login yet");
    // One that is wrong, and then the right one over it: it counts at once, without another start.
    for password in ["Vrelo-2025", SERVICE_PASSWORD] {
        let (good, text) = credentials(&app, "dinar", "epp", password);
        assert!(
            good && text.contains("stored the service account of dinar at epp") && !text.contains(password),
            "{text}"
        );
    }
    let page = pay().await;
    let page = psu
        .follow(&psu.submit(&page.form("/payment-initiation/method").with("method", "Zimbra")).await)
        .await;
    let code = app.bank.epp_codes("opstina.vrelo").0.pop().unwrap();
    psu.enter_code(&page, &code).await;
    app.let_pass(10, 2 * SECOND).await;
    assert_eq!(app.dinar().sees(&mut started).await.word, "ACSC");
    assert_eq!(app.bank.epp_bookings().len(), 1);
    is_stored_sealed(&app, SERVICE_PASSWORD);
}
