//! Account information: consents, what is read under them, and funds confirmation (NextGenPSD2 1.3.11 §6, §10).
//!
//! **Invariant:** nothing of an account is told but under a consent that its holder gave to this very TPP, that
//! names the account and the kind of data, and that is neither expired nor ended.

mod api;
mod body;
mod history;
mod pages;
mod reading;

use super::berlin::Body;
use super::berlin::links::shaped;
use super::berlin::profile::{Approach, Profile};
use super::berlin::reply::{Outcome, answer};
use super::ledger::{EndedBy, ReceivedConsent, Rights};
use super::order::Authorisation;
use super::{BankCode, Operation, Sandbox, customers};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use actix_web::{HttpRequest, HttpResponse, web};

pub(super) use api::unknown;
pub(super) use pages::{Visits, begin, finished};

/// A consent as it stands.
#[derive(Clone, Debug)]
pub(super) struct Consent {
    pub received: ReceivedConsent,
    /// The customer's login name, what was allowed, and when.
    pub given: Option<(String, Rights, Timestamp)>,
    pub refused: bool,
    pub ended: Option<EndedBy>,
    /// The authorisation resources, oldest first, at a bank without OAuth2. Only the last one counts.
    pub authorisations: Vec<Authorisation>,
    /// Wrong codes so far.
    pub wrong_codes: u8,
    /// When something last happened to it.
    pub last_action: Timestamp,
}

impl Consent {
    pub(super) const fn open(received: ReceivedConsent, at: Timestamp) -> Self {
        Self {
            received,
            given: None,
            refused: false,
            ended: None,
            authorisations: Vec::new(),
            wrong_codes: 0,
            last_action: at,
        }
    }

    pub(super) fn profile(&self) -> &'static Profile {
        Profile::of(self.received.bank)
    }

    /// The PSU can still say yes or no.
    pub(super) const fn is_waiting(&self) -> bool {
        self.given.is_none() && !self.refused && self.ended.is_none()
    }

    /// `consentStatus` (§14.15).
    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        match (self.ended, &self.given) {
            (Some(EndedBy::Tpp), _) => "terminatedByTpp",
            (Some(EndedBy::Psu), _) => "revokedByPsu",
            _ if self.refused => "rejected",
            (None, _) if now.date() > self.received.valid_until => "expired",
            (None, Some(_)) => "valid",
            (None, None) => "received",
        }
    }

    /// What was allowed; nothing before it was.
    pub(super) fn rights(&self) -> Option<&Rights> {
        self.given.as_ref().map(|(_, rights, _)| rights)
    }

    /// Where nothing can be chosen, a yes is to everything that was asked for.
    pub(super) fn everything(&self, customer: &customers::Customer) -> Rights {
        let offered = self.offered(customer).into_iter();
        Rights {
            accounts: offered.filter_map(|account| Iban::parse(account.iban).ok()).collect(),
            balances: true,
            transactions: true,
        }
    }

    /// The accounts of a customer that this consent can be about.
    pub(super) fn offered(&self, customer: &customers::Customer) -> Vec<&'static customers::Account> {
        let named = &self.received.named;
        let fits = |a: &&customers::Account| named.is_empty() || named.iter().any(|iban| iban.electronic() == a.iban);
        customer.accounts(self.received.bank).iter().filter(fits).collect()
    }
}

type Bank = web::Data<Sandbox>;
type Of = web::Data<&'static Profile>;

/// The interface and the PSU's pages, at a bank that has them. Comes before the routes of orders, whose paths
/// fit too.
pub(super) fn routes(config: &mut web::ServiceConfig, profile: &Profile) {
    if profile.consents.is_none() {
        return;
    }
    let version = profile.version;
    let no_method = || web::to(|| async { super::berlin::reply::Reply::method_not_allowed().send() });
    let resource = |path: &str| web::resource(format!("/{version}/{path}")).default_service(no_method());
    config
        .service(resource("consents").route(web::post().to(request_consent)))
        .service(
            resource("consents/{id}")
                .route(web::get().to(consent))
                .route(web::delete().to(end_consent)),
        )
        .service(resource("consents/{id}/status").route(web::get().to(consent_status)))
        .configure(|config| {
            if profile.approach != Approach::OAuth {
                super::berlin::consent_authorisations(config);
            }
        })
        .service(resource("accounts").route(web::get().to(accounts)))
        .service(resource("accounts/{id}").route(web::get().to(account)))
        .service(resource("accounts/{id}/balances").route(web::get().to(balances)))
        .service(resource("accounts/{id}/transactions").route(web::get().to(transactions)))
        .service(resource("accounts/{id}/transactions/{transaction}").route(web::get().to(transaction)))
        .service(resource("funds-confirmations").route(web::post().to(funds)))
        .configure(pages::routes);
}

/// A call of the interface.
struct Call<'a> {
    bank: &'a Sandbox,
    profile: &'static Profile,
    request: &'a HttpRequest,
}

impl<'a> Call<'a> {
    fn new(bank: &'a Sandbox, of: &Of, request: &'a HttpRequest) -> Self {
        let profile = of.get_ref();
        Self { bank, profile, request }
    }

    /// The answer as this bank writes its JSON.
    fn shaped(&self, outcome: Outcome) -> Outcome {
        outcome.map(|mut reply| {
            reply.body = reply.body.map(|body| shaped(self.profile, body));
            reply
        })
    }

    const fn operation(&self, operation: Operation) -> (BankCode, Operation) {
        (self.profile.bank, operation)
    }
}

type Id = web::Path<String>;

async fn request_consent(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Consent), || api::request(&call, body)).await
}

async fn consent(request: HttpRequest, bank: Bank, of: Of, id: Id) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::ConsentStatus), || {
        call.shaped(api::details(&call, &id))
    })
    .await
}

async fn consent_status(request: HttpRequest, bank: Bank, of: Of, id: Id) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::ConsentStatus), || {
        call.shaped(api::status(&call, &id))
    })
    .await
}

async fn end_consent(request: HttpRequest, bank: Bank, of: Of, id: Id) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Consent), || {
        call.shaped(api::end(&call, &id))
    })
    .await
}

async fn accounts(request: HttpRequest, bank: Bank, of: Of) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Accounts), || {
        call.shaped(reading::accounts(&call))
    })
    .await
}

async fn account(request: HttpRequest, bank: Bank, of: Of, id: Id) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Accounts), || {
        call.shaped(reading::account(&call, &id))
    })
    .await
}

async fn balances(request: HttpRequest, bank: Bank, of: Of, id: Id) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Accounts), || {
        call.shaped(reading::balances(&call, &id))
    })
    .await
}

async fn transactions(request: HttpRequest, bank: Bank, of: Of, id: Id) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Accounts), || {
        call.shaped(reading::transactions(&call, &id))
    })
    .await
}

async fn transaction(request: HttpRequest, bank: Bank, of: Of, path: web::Path<(String, String)>) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    let (account, transaction) = path.into_inner();
    answer(&request, &bank, call.operation(Operation::Accounts), || {
        call.shaped(reading::transaction(&call, &account, &transaction))
    })
    .await
}

async fn funds(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    let call = Call::new(&bank, &of, &request);
    answer(&request, &bank, call.operation(Operation::Funds), || {
        call.shaped(reading::funds(&call, body))
    })
    .await
}
