//! The PSU's side of a consent: log in, choose accounts and rights, agree or refuse; and, at any time, the page
//! where consents that were given can be withdrawn. Works without scripts.

use super::{Bank, Consent, Of};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::berlin::profile::{Approach, Profile};
use crate::sandbox::books::BooksError;
use crate::sandbox::customers::{self, Customer};
use crate::sandbox::form::parameters;
use crate::sandbox::ledger::{EndedBy, Rights};
use crate::sandbox::pages::{self, AccountRow, CustomerRow, html, message};
use crate::sandbox::secrets::{random_word, same_secret};
use crate::sandbox::visit::Way;
use crate::sandbox::visit::pages::{out_of_order, see_other};
use crate::sandbox::{BankCode, Sandbox};
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::TimeDelta;
use std::collections::HashMap;
use url::Url;

const COOKIE: &str = "bank_consent";
/// A visit ends by itself after this long.
const LIFE: TimeDelta = TimeDelta::minutes(15);
/// More visits at once are turned away.
const MAX_VISITS: usize = 10_000;
/// Wrong logins that refuse a consent.
const MAX_WRONG: u8 = 3;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/acord-nou/{authorisation}", web::get().to(arrive))
        .route("/acord/{visit}", web::get().to(show))
        .route("/acord/{visit}/conectare", web::post().to(log_in))
        .route("/acord/{visit}/decizie", web::post().to(decide))
        .route("/acorduri", web::get().to(given))
        .route("/acorduri", web::post().to(given_to))
        .route("/acorduri/retragere", web::post().to(withdraw));
}

/// One visit.
#[derive(Clone, Debug)]
struct Visit {
    bank: BankCode,
    consent_id: String,
    way: Way,
    /// In the cookie.
    secret: String,
    started_at: Timestamp,
    customer: Option<&'static Customer>,
    wrong: u8,
    nothing_chosen: bool,
    /// Whether it was given, and the way back.
    ended: Option<(bool, Url)>,
}

/// The visits of the moment, by id.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Visits(HashMap<String, Visit>);

/// Opens a visit and sends the browser there with its cookie.
pub(in crate::sandbox) fn begin(bank: &Sandbox, code: BankCode, consent_id: String, way: Way) -> HttpResponse {
    let (id, secret) = (random_word(), random_word());
    let path = format!("{}/acord/{id}", code.prefix());
    let cookie = Cookie::build(COOKIE, secret.clone())
        .path(path.clone())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(bank.settings().base_url.scheme() == "https")
        .finish();
    let now = bank.now();
    let visit = Visit {
        bank: code,
        consent_id,
        way,
        secret,
        started_at: now,
        customer: None,
        wrong: 0,
        nothing_chosen: false,
        ended: None,
    };
    let mut visits = bank.consent_visits();
    if visits.0.len() >= MAX_VISITS {
        visits.0.retain(|_, v| now < v.started_at + LIFE);
    }
    if visits.0.len() >= MAX_VISITS {
        return message(
            StatusCode::SERVICE_UNAVAILABLE,
            "Prea mulți vizitatori",
            "Încercați din nou peste câteva minute.",
        );
    }
    visits.0.insert(id, visit);
    drop(visits);
    let mut response = see_other(&path);
    // The cookie is built from ASCII above; a browser without it starts again.
    let _ = response.add_cookie(&cookie);
    response
}

/// `GET /acord-nou/{authorisation}`: the plain redirect. Who knows the id was sent here by the TPP.
async fn arrive(bank: Bank, of: Of, id: web::Path<String>) -> HttpResponse {
    let found = bank.caught_up().consent_by_authorisation(of.bank, &id).cloned();
    let ways = found.filter(|_| of.approach == Approach::Redirect);
    let Some((ok, consent)) = ways.and_then(|c| Some((c.received.redirect_uri.clone()?, c))) else {
        return no_visit();
    };
    let counts = consent.authorisations.last().is_some_and(|last| last.id == *id);
    if !consent.is_waiting() || !counts {
        return finished();
    }
    let nok = consent.received.nok_redirect_uri.clone().unwrap_or_else(|| ok.clone());
    begin(&bank, of.bank, consent.received.consent_id, Way::Plain { ok, nok })
}

fn no_visit() -> HttpResponse {
    message(
        StatusCode::NOT_FOUND,
        "Sesiunea s-a încheiat",
        "Întoarceți-vă la aplicația care v-a trimis și porniți din nou de acolo.",
    )
}

/// The page for a consent that was decided earlier.
pub(in crate::sandbox) fn finished() -> HttpResponse {
    message(
        StatusCode::CONFLICT,
        "Acordul nu mai așteaptă",
        "A fost dat, refuzat sau retras mai devreme. Acordurile date se văd și se retrag pe pagina băncii.",
    )
}

#[derive(Template)]
#[template(path = "sandbox/consent_login.html")]
struct LoginPage<'a> {
    profile: &'static Profile,
    /// Where the form goes, and where a link with a customer's name goes.
    action: String,
    here: String,
    heading: &'a str,
    /// Where a refusal goes, on a visit.
    refuse: Option<String>,
    notice: Option<&'a str>,
    user: &'a str,
    code: &'a str,
    customers: Vec<CustomerRow>,
}

#[derive(Template)]
#[template(path = "sandbox/consent.html")]
struct ChoicePage<'a> {
    profile: &'static Profile,
    visit: &'a str,
    name: &'static str,
    tpp: &'a str,
    until: String,
    notice: bool,
    accounts: Vec<AccountRow>,
}

#[derive(Template)]
#[template(path = "sandbox/back.html")]
struct BackPage<'a> {
    profile: &'static Profile,
    title: &'static str,
    text: &'static str,
    good: bool,
    url: &'a str,
}

#[derive(Template)]
#[template(path = "sandbox/consents.html")]
struct GivenPage {
    profile: &'static Profile,
    customer: &'static Customer,
    consents: Vec<GivenRow>,
}

struct GivenRow {
    id: String,
    tpp: String,
    until: String,
    accounts: Vec<String>,
    rights: String,
}

fn visit(http: &HttpRequest, bank: &Bank, profile: &Profile, id: &str) -> Option<Visit> {
    let cookie = http.cookie(COOKIE)?;
    let found = bank.consent_visits().0.get(id).cloned();
    let good = |v: &Visit| same_secret(&v.secret, cookie.value()) && bank.now() < v.started_at + LIFE && v.bank == profile.bank;
    found.filter(good)
}

fn update(bank: &Bank, id: &str, change: impl FnOnce(&mut Visit)) {
    if let Some(visit) = bank.consent_visits().0.get_mut(id) {
        change(visit);
    }
}

fn by_code<'a>(form: &HashMap<String, String>, user: &'a str, code: &'a str) -> Option<&'static Customer> {
    let field = |name: &str| form.get(name).map(|v| v.trim()).unwrap_or_default();
    customers::by_user(field(user)).filter(|c| same_secret(c.code, field(code)))
}

async fn show(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>) -> HttpResponse {
    let profile: &'static Profile = of.get_ref();
    let Some(visit) = visit(&http, &bank, profile, &id) else {
        return no_visit();
    };
    if let Some((good, url)) = &visit.ended {
        let (title, text) = if *good {
            ("Acordul este dat", "Îl puteți retrage oricând pe pagina băncii.")
        } else {
            ("Nu ați dat acordul", "Aplicația nu vede nimic din conturile dumneavoastră.")
        };
        let (good, url) = (*good, url.as_str());
        return html(
            StatusCode::OK,
            &BackPage {
                profile,
                title,
                text,
                good,
                url,
            },
        );
    }
    let Some(consent) = bank.caught_up().consent(&visit.consent_id).cloned() else {
        return no_visit();
    };
    if !consent.is_waiting() {
        return finished();
    }
    let here = format!("{}/acord/{}", profile.bank.prefix(), *id);
    match visit.customer {
        None => {
            let notice = match (visit.wrong, visit.nothing_chosen) {
                (0, false) => None,
                (0, true) => Some("Nu aveți un cont potrivit la această bancă."),
                (1, _) => Some("Utilizator sau cod greșit. Mai aveți 2 încercări."),
                _ => Some("Utilizator sau cod greșit. Mai aveți o încercare."),
            };
            let refuse = Some(format!("{here}/decizie"));
            let place = ("Conectați-vă pentru a da acordul", format!("{here}/conectare"), here, refuse);
            login_page(&http, &bank, profile, place, notice)
        }
        Some(customer) => {
            let page = ChoicePage {
                profile,
                visit: &id,
                name: customer.name,
                tpp: &consent.received.client_id,
                until: consent.received.valid_until.format("%d.%m.%Y").to_string(),
                notice: visit.nothing_chosen,
                accounts: pages::account_rows(&bank, consent.offered(customer)),
            };
            html(StatusCode::OK, &page)
        }
    }
}

fn login_page(
    http: &HttpRequest,
    bank: &Bank,
    profile: &'static Profile,
    (heading, action, here, refuse): (&str, String, String, Option<String>),
    notice: Option<&str>,
) -> HttpResponse {
    let query = parameters(http.query_string().as_bytes()).unwrap_or_default();
    let chosen = query.get("client").and_then(|user| customers::by_user(user));
    let page = LoginPage {
        profile,
        action,
        here,
        heading,
        refuse,
        notice,
        user: chosen.map_or("", |c| c.user),
        code: chosen.map_or("", |c| c.code),
        customers: pages::customer_rows(bank, profile.bank),
    };
    html(StatusCode::OK, &page)
}

/// What every POST of a visit does.
fn act(
    http: &HttpRequest,
    bank: &Bank,
    (profile, id): (&Profile, &str),
    step: impl FnOnce(&Visit, &Consent) -> Result<(), BooksError>,
) -> HttpResponse {
    let Some(visit) = visit(http, bank, profile, id) else {
        return no_visit();
    };
    let Some(consent) = bank.caught_up().consent(&visit.consent_id).cloned() else {
        return no_visit();
    };
    let waits = consent.is_waiting() && visit.ended.is_none();
    let done = if waits { step(&visit, &consent) } else { Ok(()) };
    if let Err(BooksError::Ledger(error)) = done {
        tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        return out_of_order();
    }
    see_other(&format!("{}/acord/{id}", profile.bank.prefix()))
}

async fn log_in(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = parameters(&body).unwrap_or_default();
    act(&http, &bank, (of.get_ref(), &id), |visit, consent| {
        if let Some(customer) = by_code(&form, "user", "code") {
            let none = consent.offered(customer).is_empty();
            update(&bank, &id, |v| {
                (v.customer, v.nothing_chosen, v.wrong) = ((!none).then_some(customer), none, 0)
            });
            return Ok(());
        }
        if visit.wrong + 1 < MAX_WRONG {
            update(&bank, &id, |v| v.wrong += 1);
            return Ok(());
        }
        bank.books().refuse_consent(&visit.consent_id, bank.now())?;
        update(&bank, &id, |v| v.ended = Some((false, v.way.denied())));
        Ok(())
    })
}

/// Each account has a field of its own, `cont-` and its place.
async fn decide(http: HttpRequest, bank: Bank, of: Of, id: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let form = parameters(&body).unwrap_or_default();
    act(&http, &bank, (of.get_ref(), &id), |visit, consent| {
        match (form.get("decizie").map(String::as_str), visit.customer) {
            (Some("nu"), _) => {
                bank.books().refuse_consent(&visit.consent_id, bank.now())?;
                update(&bank, &id, |v| v.ended = Some((false, v.way.denied())));
            }
            (Some("da"), Some(customer)) => {
                let offered = consent.offered(customer).into_iter().enumerate();
                let chosen = offered.filter(|(n, _)| form.contains_key(&format!("cont-{n}")));
                let rights = Rights {
                    accounts: chosen.filter_map(|(_, account)| Iban::parse(account.iban).ok()).collect(),
                    balances: form.contains_key("solduri"),
                    transactions: form.contains_key("tranzactii"),
                };
                if rights.accounts.is_empty() {
                    update(&bank, &id, |v| v.nothing_chosen = true);
                    return Ok(());
                }
                let way = give(&bank, visit, customer, rights)?;
                update(&bank, &id, |v| v.ended = Some((true, way)));
            }
            _ => {}
        }
        Ok(())
    })
}

/// The PSU agrees. Returns the way back.
fn give(bank: &Sandbox, visit: &Visit, customer: &Customer, rights: Rights) -> Result<Url, BooksError> {
    let by = (customer.user, rights);
    match &visit.way {
        Way::OAuth(request) => {
            let client = (request.client_id.as_str(), &request.redirect_uri, request.code_challenge.as_str());
            let code = bank.books().give_consent(&visit.consent_id, by, Some(client), bank.now())?;
            Ok(request.back(&[("code", &code)]))
        }
        Way::Plain { ok, .. } => {
            bank.books().give_consent(&visit.consent_id, by, None, bank.now())?;
            Ok(ok.clone())
        }
    }
}

/// `GET /acorduri`: who are you?
async fn given(http: HttpRequest, bank: Bank, of: Of) -> HttpResponse {
    given_login(&http, &bank, of.get_ref(), None)
}

fn given_login(http: &HttpRequest, bank: &Bank, profile: &'static Profile, notice: Option<&str>) -> HttpResponse {
    let here = format!("{}/acorduri", profile.bank.prefix());
    let place = ("Conectați-vă pentru a vedea acordurile date", here.clone(), here, None);
    login_page(http, bank, profile, place, notice)
}

async fn given_to(http: HttpRequest, bank: Bank, of: Of, body: web::Bytes) -> HttpResponse {
    let form = parameters(&body).unwrap_or_default();
    match by_code(&form, "user", "code") {
        Some(customer) => given_page(&bank, of.get_ref(), customer),
        None => given_login(&http, &bank, of.get_ref(), Some("Utilizator sau cod greșit.")),
    }
}

/// The PSU withdraws a consent. The form carries the login again: nothing of it is kept in a browser.
async fn withdraw(http: HttpRequest, bank: Bank, of: Of, body: web::Bytes) -> HttpResponse {
    let form = parameters(&body).unwrap_or_default();
    let Some(customer) = by_code(&form, "user", "code") else {
        return given_login(&http, &bank, of.get_ref(), Some("Utilizator sau cod greșit."));
    };
    let id = form.get("acord").map(String::as_str).unwrap_or_default();
    let own = valid_of(&bank, of.get_ref(), customer).iter().any(|c| c.received.consent_id == id);
    let now = bank.now();
    if own && let Err(BooksError::Ledger(error)) = bank.books().end_consent(id, EndedBy::Psu, now) {
        tracing::error!(%error, "sandbox bank: the ledger cannot be written");
        return out_of_order();
    }
    given_page(&bank, of.get_ref(), customer)
}

fn valid_of(bank: &Bank, profile: &Profile, customer: &Customer) -> Vec<Consent> {
    let now = bank.now();
    let books = bank.caught_up();
    let own = |c: &&Consent| c.given.as_ref().is_some_and(|(who, ..)| who == customer.user);
    let valid = |c: &&Consent| c.received.bank == profile.bank && c.status(now) == "valid";
    let mut consents: Vec<Consent> = books.consents().filter(own).filter(valid).cloned().collect();
    consents.sort_by_key(|c| c.last_action);
    consents
}

fn given_page(bank: &Bank, profile: &'static Profile, customer: &'static Customer) -> HttpResponse {
    let row = |consent: Consent| {
        let rights = consent.rights();
        let told = [(true, "conturi"), (rights.is_some_and(|r| r.balances), "solduri")];
        let told = told.into_iter().chain([(rights.is_some_and(|r| r.transactions), "tranzacții")]);
        GivenRow {
            rights: told.filter(|(yes, _)| *yes).map(|(_, what)| what).collect::<Vec<_>>().join(", "),
            accounts: rights.map_or(&[][..], |r| &r.accounts).iter().map(Iban::grouped).collect(),
            until: consent.received.valid_until.format("%d.%m.%Y").to_string(),
            tpp: consent.received.client_id,
            id: consent.received.consent_id,
        }
    };
    let consents = valid_of(bank, profile, customer).into_iter().map(row).collect();
    html(
        StatusCode::OK,
        &GivenPage {
            profile,
            customer,
            consents,
        },
    )
}
