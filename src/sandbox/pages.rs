//! What belongs to no single bank: the index, the ledger for people, the style sheet, and how a page is sent.

use super::berlin::profile::Profile;
use super::ledger::{DeclineReason, EndedBy, Frequency, Instruction, LedgerEntry, LedgerEvent, RefusedBy, Word};
use super::money::Money;
use super::{BankCode, Order, Sandbox, customers};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, web};
use askama::Template;

/// How many entries the ledger page shows.
const SHOWN_ENTRIES: usize = 200;
const STYLE: &str = include_str!("../../static/sandbox/sandbox.css");
const ICON: &str = include_str!("../../static/sandbox/icon.svg");
const SCRIPT: &str = include_str!("../../static/sandbox/sandbox.js");
const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(index))
        .route("/sandbox.css", web::get().to(style))
        .route("/sandbox.js", web::get().to(script))
        .route("/icon.svg", web::get().to(icon))
        .default_service(web::to(not_found));
}

/// The pages every bank has.
pub(super) fn of_a_bank(config: &mut web::ServiceConfig) {
    config.route("", web::get().to(bank_page)).route("/ledger", web::get().to(ledger));
}

/// A customer of one bank as the pages list them.
#[derive(Debug)]
pub(super) struct CustomerRow {
    pub name: &'static str,
    pub user: &'static str,
    pub code: &'static str,
    pub hint: &'static str,
    /// `PSU-ID`, at a bank that asks for it.
    pub psu_id: Option<&'static str>,
    /// The ways to get a one-time code, at a bank that sends them.
    pub methods: &'static [customers::ScaMethod],
    pub accounts: Vec<AccountRow>,
}

/// An account as the pages list it.
#[derive(Debug)]
pub(super) struct AccountRow {
    pub iban: &'static str,
    pub grouped: String,
    pub label: &'static str,
    pub balance: String,
}

/// Account rows, balances as they are now.
pub(super) fn account_rows(bank: &Sandbox, accounts: impl IntoIterator<Item = &'static customers::Account>) -> Vec<AccountRow> {
    let books = bank.caught_up();
    let row = |account: &'static customers::Account| {
        let minor = books.balance_minor(account.iban).unwrap_or_default();
        AccountRow {
            iban: account.iban,
            grouped: crate::payment::iban::group(account.iban),
            label: account.label,
            balance: Money { minor, ..account.opening }.shown(),
        }
    };
    accounts.into_iter().map(row).collect()
}

/// The customers of a bank.
pub(super) fn customer_rows(bank: &Sandbox, code: BankCode) -> Vec<CustomerRow> {
    let asks = Profile::of(code).asks_psu_id();
    let row = |customer: &'static customers::Customer| CustomerRow {
        name: customer.name,
        user: customer.user,
        code: customer.code,
        hint: customer.hint,
        psu_id: customer.at(code).map(|h| h.psu_id).filter(|_| asks),
        methods: customer.at(code).map_or(&[], |h| h.methods),
        accounts: account_rows(bank, customer.accounts(code)),
    };
    customers::ALL.iter().map(row).collect()
}

/// What the PSU is asked to agree to.
pub(super) struct Facts {
    pub amount: String,
    pub creditor_name: String,
    pub creditor_iban: String,
    pub remittance: Option<String>,
    pub end_to_end: Option<String>,
    /// When, for a standing order.
    pub when: Option<String>,
    /// The instructions of a bulk order: who gets what.
    pub several: Vec<(String, String)>,
}

impl Facts {
    pub(super) fn of(order: &Order) -> Self {
        let received = &order.received;
        let when = received.schedule.as_ref().map(|schedule| {
            let first = schedule.first_execution().format("%d.%m.%Y");
            format!("{}, prima dată la {first}", how_often(schedule.frequency))
        });
        let line = |i: &Instruction| (i.creditor_name.clone(), i.money.shown());
        Self {
            amount: received.money.shown(),
            creditor_name: received.creditor_name.clone(),
            creditor_iban: received.creditor_iban.grouped(),
            remittance: received.remittance.clone(),
            end_to_end: received.end_to_end.clone(),
            when,
            several: received.several.iter().map(line).collect(),
        }
    }
}

fn how_often(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Daily => "în fiecare zi",
        Frequency::Weekly => "în fiecare săptămână",
        Frequency::EveryTwoWeeks => "la două săptămâni",
        Frequency::Monthly => "în fiecare lună",
        Frequency::EveryTwoMonths => "la două luni",
        Frequency::Quarterly => "la trei luni",
        Frequency::SemiAnnual => "la șase luni",
        Frequency::Annual => "în fiecare an",
    }
}

#[derive(Template)]
#[template(path = "sandbox/index.html")]
struct IndexPage {
    banks: Vec<&'static Profile>,
    people: Vec<Person>,
    step_s: String,
    /// The STET banks: path, name and what is special; empty where there are none.
    stet: Vec<(&'static str, &'static str, &'static str)>,
}

/// A customer with what each bank knows of them.
struct Person {
    customer: &'static customers::Customer,
    holdings: Vec<(&'static Profile, &'static customers::Holding, Vec<AccountRow>)>,
}

impl Person {
    fn of(customer: &'static customers::Customer, bank: &Sandbox) -> Self {
        let holdings = customer.holdings.iter();
        let holding = |h: &'static customers::Holding| (Profile::of(h.bank), h, account_rows(bank, h.accounts));
        Self {
            customer,
            holdings: holdings.map(holding).collect(),
        }
    }
}

async fn index(bank: web::Data<Sandbox>) -> HttpResponse {
    let step_s = bank.settings().step.as_millis();
    let step_s = format!("{},{}", step_s / 1000, step_s % 1000 / 100)
        .trim_end_matches(",0")
        .to_owned();
    html(
        StatusCode::OK,
        &IndexPage {
            banks: BankCode::ALL.into_iter().map(Profile::of).collect(),
            people: customers::ALL.iter().map(|c| Person::of(c, &bank)).collect(),
            step_s,
            stet: bank.inner.stet.as_ref().map(|_| super::stet::listed()).unwrap_or_default(),
        },
    )
}

#[derive(Template)]
#[template(path = "sandbox/bank.html")]
struct BankPage {
    profile: &'static Profile,
    customers: Vec<CustomerRow>,
}

async fn bank_page(bank: web::Data<Sandbox>, of: web::Data<&'static Profile>) -> HttpResponse {
    let profile: &'static Profile = of.get_ref();
    let customers = customer_rows(&bank, profile.bank);
    html(StatusCode::OK, &BankPage { profile, customers })
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", STYLE)
}

async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

async fn icon() -> HttpResponse {
    file("image/svg+xml", ICON)
}

fn file(media_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(content)
}

async fn not_found() -> HttpResponse {
    message(StatusCode::NOT_FOUND, "Pagina nu există", "La această adresă nu este nimic.")
}

#[derive(Template)]
#[template(path = "sandbox/ledger.html")]
struct LedgerPage {
    profile: &'static Profile,
    rows: Vec<LedgerRow>,
    total: usize,
}

struct LedgerRow {
    seq: u64,
    at: String,
    payment_id: String,
    what: String,
}

/// What one bank did, the newest first.
pub(super) async fn ledger(bank: web::Data<Sandbox>, of: web::Data<&'static Profile>) -> HttpResponse {
    let profile: &'static Profile = of.get_ref();
    let books = bank.caught_up();
    let mut total = 0;
    let mut rows = Vec::new();
    for entry in books.entries().iter().rev().filter(|entry| entry.bank == profile.bank) {
        total += 1;
        if total <= SHOWN_ENTRIES {
            rows.push(row(entry, profile));
        }
    }
    drop(books);
    html(StatusCode::OK, &LedgerPage { profile, rows, total })
}

fn row(entry: &LedgerEntry, profile: &Profile) -> LedgerRow {
    let declined = profile.declined_word.iso();
    let what = match &entry.event {
        LedgerEvent::OrderReceived { order } => {
            let several = match order.several.len() {
                0 => String::new(),
                n => format!(" și încă {} instrucțiuni", n - 1),
            };
            format!(
                "Ordin primit: {} către {} ({}){several}",
                order.money.shown(),
                order.creditor_name,
                order.creditor_iban.masked()
            )
        }
        LedgerEvent::AuthorisationStarted { customer: Some(who), .. } => format!("Autorizare începută pentru {who}"),
        LedgerEvent::AuthorisationStarted { customer: None, .. } => "Autorizare începută".to_owned(),
        LedgerEvent::CodeSent { method, .. } => format!("Cod trimis clientului ({method})"),
        LedgerEvent::LoginFailed { .. } => "Autentificare sau cod greșit".to_owned(),
        LedgerEvent::Authorised { customer, debtor_iban, .. } => format!("Autorizat de {customer} din contul {}", debtor_iban.masked()),
        LedgerEvent::Refused { by: RefusedBy::Psu, .. } => "RJCT: refuzat de client".to_owned(),
        LedgerEvent::Refused {
            by: RefusedBy::WrongCodes, ..
        } => format!("RJCT: cod greșit de {} ori", profile.max_wrong_codes),
        LedgerEvent::Refused { by: RefusedBy::Lapse, .. } => "RJCT: neautorizat la timp".to_owned(),
        LedgerEvent::Declined { reason, .. } => format!("{declined}: {}", why(*reason)),
        LedgerEvent::Cancelled { .. } => format!("{}: retras de prestatorul de inițiere", Word::Canc.iso()),
        LedgerEvent::StatusMoved { status, .. } => status.iso().to_owned(),
        LedgerEvent::InstructionFailed { index, reason, .. } => format!("Instrucțiunea {}: {}", index + 1, why(*reason)),
        LedgerEvent::Booked { money, debtor_iban, .. } => format!("ACSC: {} debitați din {}", money.shown(), debtor_iban.masked()),
        LedgerEvent::TokenIssued { .. } => "Token emis".to_owned(),
        LedgerEvent::ConsentReceived { .. } => "Acord cerut".to_owned(),
        LedgerEvent::ConsentGiven { customer, rights, .. } => format!("Acord dat de {customer} pentru {} conturi", rights.accounts.len()),
        LedgerEvent::ConsentRefused { .. } => "Acord refuzat".to_owned(),
        LedgerEvent::ConsentEnded { by: EndedBy::Tpp, .. } => "Acord încheiat de aplicație".to_owned(),
        LedgerEvent::ConsentEnded { by: EndedBy::Psu, .. } => "Acord retras de client".to_owned(),
        LedgerEvent::UserRegistered { user } => format!("Portal: {} s-a înscris", user.username),
        LedgerEvent::UserActivated { username } => format!("Portal: {username} a confirmat adresa"),
        LedgerEvent::ClientEnrolled { client } => format!("Portal: aplicația {} a fost creată", client.title),
        LedgerEvent::TokensRevoked { .. } => "Tokenuri revocate: un cod sau un token a venit a doua oară".to_owned(),
    };
    LedgerRow {
        seq: entry.seq,
        at: entry.at.format("%d.%m.%Y %H:%M:%S%.3f").to_string(),
        payment_id: entry.event.payment_id().to_owned(),
        what,
    }
}

/// Why a bank refuses, for people.
pub(super) fn why(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::InsufficientFunds => "fonduri insuficiente",
        DeclineReason::CreditorAccountClosed => "contul beneficiarului este închis",
        DeclineReason::BankRules => "nu corespunde regulilor băncii",
    }
}

#[derive(Template)]
#[template(path = "sandbox/message.html")]
struct MessagePage<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page that says one thing and offers nothing.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    html(status, &MessagePage { title, text })
}

/// Sends a page with the headers every page has.
pub(super) fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    let Ok(body) = page.render() else {
        return HttpResponse::InternalServerError().finish();
    };
    HttpResponse::build(status)
        .content_type(ContentType::html())
        .insert_header((header::CONTENT_SECURITY_POLICY, CSP))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"))
        .body(body)
}
