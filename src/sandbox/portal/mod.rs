//! The portal where TPPs enrol themselves: register a user, confirm the mail, create an app, whose client id and
//! secret are good at once.
//!
//! **Invariant:** nobody gets a client before the activation mail was confirmed. Passwords and secrets are kept
//! as hashes; a secret is shown once, in the answer that made it.

use super::berlin::Body;
use super::berlin::profile::Profile;
use super::berlin::reply::{Outcome, Reply, answer};
use super::ledger::{EnrolledClient, PortalUser};
use super::pages::{html, message};
use super::secrets::{random_word, same_secret, sha256_hex};
use super::visit::pages::{out_of_order, see_other};
use super::{BankCode, Operation, Sandbox};
use crate::sandbox::berlin::caller;
use crate::sandbox::form::parameters;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;
use uuid::Uuid;

/// Longest text in a form, in characters.
const MAX_CHARS: usize = 100;
/// Shortest password, in characters.
const MIN_PASSWORD_CHARS: usize = 8;

type Bank = web::Data<Sandbox>;
type Of = web::Data<&'static Profile>;

/// Users and clients of the portal, as the ledger tells it.
#[derive(Debug, Default)]
pub(super) struct Portal {
    users: BTreeMap<String, (PortalUser, bool)>,
    clients: BTreeMap<String, EnrolledClient>,
}

impl Portal {
    pub(super) fn registered(&mut self, user: &PortalUser) {
        self.users.insert(user.username.clone(), (user.clone(), false));
    }

    pub(super) fn activated(&mut self, username: &str) {
        if let Some((_, active)) = self.users.get_mut(username) {
            *active = true;
        }
    }

    pub(super) fn enrolled(&mut self, client: &EnrolledClient) {
        self.clients.insert(client.client_id.clone(), client.clone());
    }

    pub(super) fn client(&self, client_id: &str) -> Option<&EnrolledClient> {
        self.clients.get(client_id)
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig, profile: &Profile) {
    if profile.portal {
        config
            .route("/portal/users/register", web::post().to(register))
            .route("/create/app", web::post().to(create_app))
            .route("/portal", web::get().to(page))
            .route("/portal/activare", web::post().to(activate));
    }
}

async fn register(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    answer(&request, &bank, (of.bank, Operation::Enrol), || {
        new_user(&bank, of.bank, &request, body)
    })
    .await
}

async fn create_app(request: HttpRequest, bank: Bank, of: Of, body: Body) -> HttpResponse {
    answer(&request, &bank, (of.bank, Operation::Enrol), || {
        new_app(&bank, of.bank, &request, body)
    })
    .await
}

fn refuse(status: StatusCode, text: &str) -> Reply {
    let body = json!({ "httpCode": status.as_str(), "httpMessage": status.canonical_reason(), "moreInformation": text });
    Reply::json(status, body)
}

fn bad(text: &str) -> Reply {
    refuse(StatusCode::BAD_REQUEST, text)
}

/// Reads a form in JSON: all these texts, none empty or too long.
fn form<const N: usize>(request: &HttpRequest, body: Body, names: [&str; N]) -> Result<[String; N], Reply> {
    caller::check_content_type(request)?;
    let body = body.map_err(|_| bad("the body cannot be read"))?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| bad("the body must be a JSON object"))?;
    let mut found = names.map(str::to_owned);
    for text in &mut found {
        let value = body.get(text.as_str()).and_then(Value::as_str).map(str::trim);
        let good = value.filter(|value| !value.is_empty() && value.chars().count() <= MAX_CHARS);
        *text = good.ok_or_else(|| bad(&format!("{text} is missing or too long")))?.to_owned();
    }
    Ok(found)
}

fn password_hash(username: &str, password: &str) -> String {
    sha256_hex(format!("{username}\n{password}").as_bytes())
}

/// `POST /portal/users/register`.
fn new_user(bank: &Sandbox, code: BankCode, request: &HttpRequest, body: Body) -> Outcome {
    let names = ["username", "password", "first_name", "last_name", "organization"];
    let [username, password, first_name, last_name, organization] = form(request, body, names)?;
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(bad("password must have 8 characters at least"));
    }
    let mut books = bank.books();
    if books.portal().users.contains_key(&username) {
        return Err(refuse(StatusCode::CONFLICT, "this user is registered already"));
    }
    let user = PortalUser {
        password_sha256: password_hash(&username, &password),
        name: format!("{first_name} {last_name}"),
        username,
        organization,
    };
    books.register_user(code, user, bank.now())?;
    let body = json!({ "message": "User registered. An activation mail has been sent." });
    Ok(Reply::json(StatusCode::CREATED, body))
}

/// `POST /create/app`, with the app's return address in the header `Redirect-Uri`.
fn new_app(bank: &Sandbox, code: BankCode, request: &HttpRequest, body: Body) -> Outcome {
    let names = ["username", "password", "app_name", "app_title", "organization"];
    let [username, password, app_name, app_title, organization] = form(request, body, names)?;
    let redirect = caller::return_address(request, "Redirect-Uri")?;
    let redirect_uri: Url = redirect.ok_or_else(|| bad("the header Redirect-Uri is missing"))?;
    if organization.contains(char::is_whitespace) {
        return Err(bad("organization must not contain spaces; write - instead"));
    }
    let mut books = bank.books();
    let known = books.portal().users.get(&username);
    let known = known.filter(|(user, _)| same_secret(&user.password_sha256, &password_hash(&username, &password)));
    let Some((user, active)) = known else {
        return Err(refuse(StatusCode::UNAUTHORIZED, "unknown user or wrong password"));
    };
    if !active {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "the user is not activated: open the link in the mail",
        ));
    }
    if user.organization.split_whitespace().collect::<Vec<_>>().join("-") != organization {
        return Err(bad("the organization is not the one of the user"));
    }
    let (client_id, secret) = (Uuid::new_v4().to_string(), random_word());
    let client = EnrolledClient {
        client_id: client_id.clone(),
        secret_sha256: sha256_hex(secret.as_bytes()),
        redirect_uri,
        title: app_title.clone(),
        username,
    };
    books.enrol_client(code, client, bank.now())?;
    tracing::info!(client_id, "sandbox bank: client enrolled");
    let body = json!({ "client_id": client_id, "client_secret": secret, "app_name": app_name, "app_title": app_title });
    Ok(Reply::json(StatusCode::CREATED, body))
}

#[derive(Template)]
#[template(path = "sandbox/portal.html")]
struct PortalPage {
    profile: &'static Profile,
    users: Vec<(String, String, bool)>,
    clients: Vec<(String, String)>,
}

/// The mails that the portal sent, and the clients it made.
async fn page(bank: Bank, of: Of) -> HttpResponse {
    let books = bank.books();
    let portal = books.portal();
    let users = portal.users.values();
    let page = PortalPage {
        profile: of.get_ref(),
        users: users
            .map(|(user, active)| (user.username.clone(), user.name.clone(), *active))
            .collect(),
        clients: portal.clients.values().map(|c| (c.client_id.clone(), c.title.clone())).collect(),
    };
    drop(books);
    html(StatusCode::OK, &page)
}

/// What the link in the mail does.
async fn activate(bank: Bank, of: Of, body: web::Bytes) -> HttpResponse {
    let form = parameters(&body).unwrap_or_default();
    let username = form.get("username").map(String::as_str).unwrap_or_default();
    let mut books = bank.books();
    if !books.portal().users.contains_key(username) {
        drop(books);
        return message(StatusCode::NOT_FOUND, "Utilizator necunoscut", "Nu există un asemenea utilizator.");
    }
    if books.activate_user(of.bank, username, bank.now()).is_err() {
        return out_of_order();
    }
    drop(books);
    see_other(&format!("{}/portal", of.bank.prefix()))
}
