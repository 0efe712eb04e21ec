//! One user's page: role, lock, resets, sessions.

use super::account::{SessionLine, lines};
use super::frame::OfficeShell;
use super::gate::{Fresh, SignedIn, go};
use super::roles::Route;
use super::user_texts::UserTexts;
use super::users::first_password;
use crate::flow::FlowError;
use crate::flow::admins::manage::{Act, Actor, act, reset_password};
use crate::store::admin_sessions;
use crate::store::admins::{self, Admin, Role};
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "back_office/user.html", whitespace = "minimize")]
struct UserPage {
    shell: OfficeShell,
    u: &'static UserTexts,
    a: &'static super::account::AccountTexts,
    admin: Admin,
    action: String,
    csrf: String,
    is_self: bool,
    facts: Vec<(&'static str, String)>,
    sessions: Vec<SessionLine>,
    notice: Option<&'static str>,
    refused: bool,
}

impl UserPage {
    fn roles() -> [Role; 5] {
        Role::ALL
    }
}

fn address(id: &str) -> String {
    format!("{}/{id}", Route::Users.path())
}

/// What a page is shown after.
#[derive(Debug, Deserialize)]
pub struct Shown {
    done: Option<String>,
    refused: Option<String>,
}

/// GET /back-office/users/{id}.
pub async fn show(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, PageError> {
    let (wanted, now) = (id.into_inner(), site.cx.now());
    if !is_id(&wanted) {
        return Err(user.failed(&site, FlowError::NotFound));
    }
    let read = site.cx.db.read(move |a| {
        let Some(admin) = admins::get(a, &wanted)? else { return Ok(None) };
        let sessions = admin_sessions::of(a, &admin.id, now)?;
        Ok(Some((admin, sessions)))
    });
    let found = read.await.map_err(|e| user.failed(&site, e))?;
    let (admin, sessions) = found.ok_or_else(|| user.failed(&site, FlowError::NotFound))?;
    let (u, language) = (UserTexts::of(user.language), user.language);
    let action = address(&admin.id);
    let shell = user.shell(&site, &request, Route::User);
    let yes = |is: bool| if is { u.yes.to_owned() } else { u.no.to_owned() };
    let page = UserPage {
        facts: vec![
            (u.role, shell.t.role_word(admin.role).to_owned()),
            (u.device, yes(admin.has_totp)),
            (u.created, local_time(admin.created_at, language)),
            (u.password_since, local_time(admin.password_changed_at, language)),
            (
                u.last_sign_in,
                admin
                    .last_sign_in_at
                    .map_or_else(|| u.never.to_owned(), |at| local_time(at, language)),
            ),
        ],
        csrf: Browser::of(&request, site.https()).csrf(site.cx.db.vault(), &action),
        is_self: admin.id == user.admin.id,
        sessions: lines(&sessions, language, &user.session.id),
        notice: shown.done.as_ref().map(|_| u.done),
        refused: shown.refused.is_some(),
        a: super::account::AccountTexts::of(language),
        shell,
        u,
        action,
        admin,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// Ids are UUIDs; a database may take no text with NUL in it.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// The form: what is done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Change {
    csrf: String,
    act: String,
    role: String,
}

/// POST /back-office/users/{id}.
pub async fn change(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    _: Fresh,
    id: web::Path<String>,
    form: web::Form<Change>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    if !is_id(&id) {
        return Err(user.failed(&site, FlowError::NotFound));
    }
    let way = address(&id);
    if !site.is_own_form(&request, &way, &form.csrf) {
        return Err(user.failed(&site, FlowError::NotYou));
    }
    let actor = Actor::Administrator(user.admin.id.clone());
    let wanted = match form.act.as_str() {
        "role" => Role::parse(&form.role).map(Act::Role),
        "lock" => Some(Act::Lock),
        "unlock" => Some(Act::Unlock),
        "reset_totp" => Some(Act::ResetTotp),
        "end_sessions" => Some(Act::EndSessions),
        "reset_password" => {
            let known = id.clone();
            let known = site.cx.db.read(move |a| admins::get(a, &known)).await;
            let known = known.map_err(|e| user.failed(&site, e))?;
            let name = known.map(|admin| admin.user_name).unwrap_or_default();
            return match reset_password(&site.cx, &id, &actor).await {
                Ok(password) => first_password(&site, &request, &user, name, &password),
                Err(FlowError::NotAllowed) => Ok(go(&format!("{way}?refused=1"))),
                Err(other) => Err(user.failed(&site, other)),
            };
        }
        _ => None,
    };
    let Some(wanted) = wanted else {
        return Err(user.failed(&site, FlowError::Invalid(Vec::new())));
    };
    match act(&site.cx.db, &id, wanted, &actor, site.cx.now()).await {
        Ok(()) => Ok(go(&format!("{way}?done=1"))),
        Err(FlowError::NotAllowed) => Ok(go(&format!("{way}?refused=1"))),
        Err(other) => Err(user.failed(&site, other)),
    }
}
