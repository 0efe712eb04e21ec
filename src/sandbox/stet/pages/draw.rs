//! How the pages of a visit are drawn.

use crate::payment::iban::group;
use crate::sandbox::form::parameters;
use crate::sandbox::pages::{AccountRow, CustomerRow, Facts, html};
use crate::sandbox::stet::books::Books;
use crate::sandbox::stet::establishment::Establishment;
use crate::sandbox::stet::people::{self, Persona, eur};
use crate::sandbox::stet::request::PaymentRequest;
use crate::sandbox::stet::visit::{AccessAsked, Ending, Notice, Subject, Visit};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

#[derive(Template)]
#[template(path = "sandbox/login.html")]
struct LoginPage<'a> {
    profile: &'static Establishment,
    visit: &'a str,
    facts: Facts,
    notice: Option<String>,
    user: &'a str,
    code: &'a str,
    customers: Vec<CustomerRow>,
}

#[derive(Template)]
#[template(path = "sandbox/stet_login.html")]
struct AccessLoginPage<'a> {
    profile: &'static Establishment,
    visit: &'a str,
    tpp: &'a str,
    notice: Option<String>,
    user: &'a str,
    code: &'a str,
    customers: Vec<CustomerRow>,
}

#[derive(Template)]
#[template(path = "sandbox/stet_access.html")]
struct AccessPage<'a> {
    profile: &'static Establishment,
    visit: &'a str,
    tpp: &'a str,
    name: &'static str,
    /// The TPP asks for cover, account by account; otherwise it wants to see accounts.
    cover: bool,
    accounts: Vec<AccountRow>,
}

#[derive(Template)]
#[template(path = "sandbox/account.html")]
struct AccountPage<'a> {
    profile: &'static Establishment,
    visit: &'a str,
    facts: Facts,
    name: &'static str,
    accounts: Vec<AccountRow>,
}

#[derive(Template)]
#[template(path = "sandbox/confirm.html")]
struct ConfirmPage<'a> {
    profile: &'static Establishment,
    visit: &'a str,
    facts: Facts,
    name: &'static str,
    debtor_iban: String,
    available: String,
}

#[derive(Template)]
#[template(path = "sandbox/back.html")]
struct BackPage<'a> {
    profile: &'static Establishment,
    title: &'static str,
    text: &'static str,
    good: bool,
    url: &'a str,
}

fn account_rows(books: &Books, persona: &Persona) -> Vec<AccountRow> {
    let row = |account: &people::Account| AccountRow {
        iban: account.iban,
        grouped: group(account.iban),
        label: account.label(),
        balance: eur(books.balance_minor(account.iban).unwrap_or_default()).shown(),
    };
    persona.accounts.iter().map(row).collect()
}

pub(super) fn customer_rows(books: &Books) -> Vec<CustomerRow> {
    let row = |persona: &Persona| CustomerRow {
        name: persona.name,
        user: persona.id,
        code: people::CODE,
        hint: persona.hint,
        psu_id: None,
        methods: &[],
        accounts: account_rows(books, persona),
    };
    people::ALL.iter().map(row).collect()
}

fn facts(request: &PaymentRequest) -> Facts {
    let received = &request.received;
    let later = received.execution > request.received_at.date();
    Facts {
        amount: received.money.shown(),
        creditor_name: received.creditor_name.clone(),
        creditor_iban: received.creditor_iban.grouped(),
        remittance: Some(received.remittance.join(" ")),
        end_to_end: received.end_to_end.clone(),
        when: later.then(|| received.execution.format("%d.%m.%Y").to_string()),
        several: Vec::new(),
    }
}

fn notice(visit: &Visit) -> Option<String> {
    visit.notice.map(|notice| match notice {
        Notice::WrongCode(1) => "Utilizator sau cod greșit. Mai aveți o încercare.".to_owned(),
        Notice::WrongCode(left) => format!("Utilizator sau cod greșit. Mai aveți {left} încercări."),
        Notice::NotTheOwner => "Ordinul numește un cont care nu vă aparține. Conectați-vă ca titularul lui.".to_owned(),
    })
}

/// `?client=D0999990I0` fills the form in: a link per test customer.
fn chosen(http: &HttpRequest) -> (&'static str, &'static str) {
    let query = parameters(http.query_string().as_bytes()).unwrap_or_default();
    let chosen = query.get("client").and_then(|id| people::by_id(id));
    chosen.map_or(("", ""), |c| (c.id, people::CODE))
}

pub(super) fn payment_page(
    http: &HttpRequest,
    books: &Books,
    (profile, id): (&'static Establishment, &str),
    visit: &Visit,
    request: &PaymentRequest,
) -> HttpResponse {
    let facts = facts(request);
    match (visit.customer, &visit.account) {
        (None, _) => {
            let (user, code) = chosen(http);
            let page = LoginPage {
                profile,
                visit: id,
                facts,
                notice: notice(visit),
                user,
                code,
                customers: customer_rows(books),
            };
            html(StatusCode::OK, &page)
        }
        (Some(customer), None) => {
            let page = AccountPage {
                profile,
                visit: id,
                facts,
                name: customer.name,
                accounts: account_rows(books, customer),
            };
            html(StatusCode::OK, &page)
        }
        (Some(customer), Some(account)) => {
            let page = ConfirmPage {
                profile,
                visit: id,
                facts,
                name: customer.name,
                debtor_iban: account.grouped(),
                available: eur(books.available_minor(account.electronic()).unwrap_or_default()).shown(),
            };
            html(StatusCode::OK, &page)
        }
    }
}

pub(super) fn access_page(
    http: &HttpRequest,
    books: &Books,
    (profile, id): (&'static Establishment, &str),
    visit: &Visit,
    asked: &AccessAsked,
) -> HttpResponse {
    let Some(customer) = visit.customer else {
        let (user, code) = chosen(http);
        let page = AccessLoginPage {
            profile,
            visit: id,
            tpp: &asked.client_id,
            notice: notice(visit),
            user,
            code,
            customers: customer_rows(books),
        };
        return html(StatusCode::OK, &page);
    };
    let page = AccessPage {
        profile,
        visit: id,
        tpp: &asked.client_id,
        name: customer.name,
        cover: !asked.scope.starts_with("aisp"),
        accounts: account_rows(books, customer),
    };
    html(StatusCode::OK, &page)
}

pub(super) fn back_page(profile: &'static Establishment, (subject, ending): (&Subject, Ending), url: &str) -> HttpResponse {
    let (title, text) = match (subject, ending) {
        (Subject::Payment(_), Ending::Agreed) => ("Plata este confirmată", "Banca a primit acordul dumneavoastră."),
        (Subject::Payment(_), Ending::Refused) => ("Ați refuzat plata", "Din cont nu pleacă niciun ban."),
        (Subject::Payment(_), Ending::TooManyTries) => (
            "Plata este oprită",
            "Codul a fost greșit de trei ori. Din cont nu pleacă niciun ban.",
        ),
        (Subject::Access(_), Ending::Agreed) => ("Accesul este acordat", "Banca a primit acordul dumneavoastră."),
        (Subject::Access(_), Ending::Refused) => ("Ați refuzat accesul", "Nimeni nu vă vede conturile."),
        (Subject::Access(_), Ending::TooManyTries) => (
            "Accesul este oprit",
            "Codul a fost greșit de trei ori. Nimeni nu vă vede conturile.",
        ),
    };
    let page = BackPage {
        profile,
        title,
        text,
        good: ending == Ending::Agreed,
        url,
    };
    html(StatusCode::OK, &page)
}
