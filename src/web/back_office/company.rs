//! Signing in through the company's provider: the way there, the way back, and the step after it.
//!
//! The session's cookie is `SameSite=Strict`, so a browser does not show it when another site sends it here. The
//! cookie of this way is `Lax`: it names the attempt, and nothing else. From the page of arrival, which is ours, the
//! browser goes one step further by itself, and that request carries both.

use super::confirm::{How, how};
use super::frame::{Button, OfficeShell};
use super::gate::{SignedIn, go, language_of, user_of};
use super::language::own_address;
use super::roles::Route;
use super::session_store::SESSION;
use super::sign_in::{Begun, LoginProblem, Token, begin_session, login};
use super::{LOGIN, device};
use crate::flow::FlowError;
use crate::flow::company_sign_in::{self as flow, AWAY, Proof, Purpose, Refusal};
use crate::payment::Language;
use crate::store::admins::Admin;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site, html};
use actix_session::Session;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

catalogue! {
    /// The texts of the way to the provider and back.
    CompanyTexts {
        enter: "Intră cu contul companiei", "Sign in with your company account";
        emergency: "Intrare cu parolă, pentru urgențe", "Password sign-in, for emergencies";
        going: "Mergi la contul companiei", "To your company account";
        arrived: "Te-ai autentificat", "You are signed in there";
        not_confirmed: "Nu ești încă confirmat", "Not confirmed yet";
        soon: "Dacă pagina nu se schimbă singură, continuă de aici.", "If the page does not change by itself, go on from here.";
        unreachable: "Serviciul de autentificare al companiei nu răspunde. Mai încearcă peste câteva minute.",
            "The company’s sign-in service does not answer. Try again in a few minutes.";
        not_good: "Autentificarea cu contul companiei nu a reușit. Încearcă din nou.", "Signing in with the company account did not succeed. Try again.";
        not_verified: "Contul companiei nu are o adresă de e-mail verificată. Cere verificarea ei celor care administrează conturile.",
            "The company account has no verified e-mail address. Ask those who look after the accounts to verify it.";
        unknown: "Contul companiei este bun, dar nu are un utilizator aici. Un administrator îl poate adăuga.",
            "The company account is good, but it has no user here. An administrator can add one.";
        locked: "Utilizatorul tău este blocat aici. Un administrator îl poate debloca.", "Your user is locked here. An administrator can unlock it.";
        somebody_else: "Ai intrat cu alt cont decât cel al acestei sesiuni.", "You signed in with another account than this session’s.";
        too_many: "Prea multe încercări. Mai încearcă peste câteva minute.", "Too many attempts. Try again in a few minutes.";
    }
}

impl CompanyTexts {
    /// A refusal in words.
    pub(super) const fn refusal(&self, why: Refusal) -> &'static str {
        match why {
            Refusal::Unreachable => self.unreachable,
            Refusal::NotGood => self.not_good,
            Refusal::NotVerified => self.not_verified,
            Refusal::Unknown => self.unknown,
            Refusal::Locked => self.locked,
            Refusal::SomebodyElse => self.somebody_else,
            Refusal::TooMany => self.too_many,
        }
    }
}

const fn status_of(why: Refusal) -> StatusCode {
    match why {
        Refusal::Unreachable => StatusCode::BAD_GATEWAY,
        Refusal::TooMany => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::FORBIDDEN,
    }
}

/// The button of the sign-in page, where a provider is configured.
pub(super) fn button(site: &Site, browser: &crate::web::hosted_page::browser::Browser) -> Option<Button> {
    let offered = site.cx.rules.office.company.is_some();
    offered.then(|| Button::of(site, browser, Route::CompanySignIn))
}

/// Over https the prefix makes browsers refuse the cookie from anybody but this very host.
fn cookie_name(site: &Site) -> &'static str {
    if site.https() { "__Host-office-company" } else { "office-company" }
}

fn cookie(site: &Site, key: String) -> Cookie<'static> {
    Cookie::build(cookie_name(site), key)
        .path("/")
        .max_age(Duration::try_from(AWAY).unwrap_or(Duration::minutes(10)))
        .http_only(true)
        .secure(site.https())
        .same_site(SameSite::Lax)
        .finish()
}

fn key_of(site: &Site, request: &HttpRequest) -> Option<String> {
    request.cookie(cookie_name(site)).map(|cookie| cookie.value().to_owned())
}

fn forgotten(site: &Site, mut answer: HttpResponse) -> HttpResponse {
    let mut cookie = cookie(site, String::new());
    cookie.make_removal();
    // Adding fails only for a cookie that is no header value, which this one always is.
    let _ = answer.add_cookie(&cookie);
    answer
}

/// A page that leads on: by itself, or by its link alone when there is a problem to be read.
#[derive(Debug, Template)]
#[template(path = "back_office/company_way.html", whitespace = "minimize")]
struct WayPage {
    shell: OfficeShell,
    c: &'static CompanyTexts,
    title: &'static str,
    href: String,
    problem: Option<&'static str>,
}

fn way_page(
    site: &Site,
    language: Language,
    (title, href): (&'static str, String),
    refused: Option<Refusal>,
) -> Result<HttpResponse, PageError> {
    let c = CompanyTexts::of(language);
    let page = WayPage {
        // No choice of the language: the address of the page of arrival must not come back.
        shell: OfficeShell::new(language, site.operator.name.clone()),
        c,
        title,
        href,
        problem: refused.map(|why| c.refusal(why)),
    };
    Ok(html(refused.map_or(StatusCode::OK, status_of), page.render()?))
}

/// Begins the way to the provider. Browsers apply `form-action` to where a posted form is sent on to, so a page of
/// ours stands between.
async fn leave(
    site: &Site,
    request: &HttpRequest,
    purpose: Purpose,
    language: Language,
) -> Result<Result<HttpResponse, Refusal>, PageError> {
    let begun = flow::begin(&site.cx, purpose, site.client_ip(request)).await;
    let (url, key) = match begun.map_err(|e| PageError::of_office(site, language, e))? {
        Ok(begun) => begun,
        Err(why) => return Ok(Err(why)),
    };
    let mut answer = way_page(site, language, (CompanyTexts::of(language).going, url.into()), None)?;
    // Adding fails only for a cookie that is no header value, which this one always is.
    let _ = answer.add_cookie(&cookie(site, key));
    Ok(Ok(answer))
}

/// POST /back-office/login/company.
pub async fn begin(site: web::Data<Site>, request: HttpRequest, form: web::Form<Token>) -> Result<HttpResponse, PageError> {
    let again = |status, problem| login(&site, &request, status, String::new(), Some(problem));
    if !site.is_own_form(&request, Route::CompanySignIn.path(), &form.csrf) {
        return again(StatusCode::FORBIDDEN, LoginProblem::SessionEnded);
    }
    match leave(&site, &request, Purpose::SignIn, language_of(&request)).await? {
        Ok(answer) => Ok(answer),
        Err(why) => again(status_of(why), LoginProblem::Company(why)),
    }
}

/// The form that asks for a proof at the provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Proving {
    csrf: String,
    back: String,
}

/// POST /back-office/confirm/company.
pub async fn confirm(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    form: web::Form<Proving>,
) -> Result<HttpResponse, PageError> {
    let back = own_address(&form.back).to_owned();
    let own = site.is_own_form(&request, Route::ConfirmByCompany.path(), &form.csrf);
    if !own || how(&site, &user) != How::Company {
        return Ok(go(&super::confirm::way(&back)));
    }
    let purpose = Purpose::Confirmation {
        admin_id: user.admin.id.clone(),
        session_id: user.session.id.clone(),
        back: back.clone(),
    };
    match leave(&site, &request, purpose, user.language).await? {
        Ok(answer) => Ok(answer),
        Err(why) => not_confirmed(&site, user.language, &back, why),
    }
}

fn not_confirmed(site: &Site, language: Language, back: &str, why: Refusal) -> Result<HttpResponse, PageError> {
    let title = CompanyTexts::of(language).not_confirmed;
    way_page(site, language, (title, super::confirm::way(back)), Some(why))
}

/// GET /back-office/login/company/return: from the provider's site, so without the session.
pub async fn came_back(
    site: web::Data<Site>,
    request: HttpRequest,
    back: web::Query<crate::flow::company_sign_in::CameBack>,
) -> Result<HttpResponse, PageError> {
    if site.cx.rules.office.company.is_none() {
        return Ok(go(LOGIN));
    }
    let language = language_of(&request);
    let key = key_of(&site, &request);
    let came = flow::came_back(&site.cx, key.as_deref(), back.into_inner(), site.client_ip(&request)).await;
    let refused = match came.map_err(|e| PageError::of_office(&site, language, e))? {
        Ok((key, _)) => {
            let on = (CompanyTexts::of(language).arrived, Route::CompanyFinish.path().to_owned());
            let mut answer = way_page(&site, language, on, None)?;
            // Adding fails only for a cookie that is no header value, which this one always is.
            let _ = answer.add_cookie(&cookie(&site, key));
            return Ok(answer);
        }
        Err(refused) => refused,
    };
    let answer = match refused.purpose {
        Some(Purpose::Confirmation { back, .. }) => not_confirmed(&site, language, &back, refused.why),
        _ => login(
            &site,
            &request,
            status_of(refused.why),
            String::new(),
            Some(LoginProblem::Company(refused.why)),
        ),
    };
    Ok(forgotten(&site, answer?))
}

/// GET /back-office/login/company/finish: from our own page of arrival.
pub async fn finish(site: web::Data<Site>, request: HttpRequest, session: Session) -> Result<HttpResponse, PageError> {
    let failed = |e| PageError::of_office(&site, language_of(&request), e);
    let proof = match key_of(&site, &request) {
        Some(key) => flow::use_proof(&site.cx, &key).await.map_err(failed)?,
        None => None,
    };
    let Some((proof, admin)) = proof else {
        return Ok(forgotten(&site, go(LOGIN)));
    };
    let answer = match proof.purpose.clone() {
        Purpose::SignIn => enter(&site, &request, &session, proof, admin).await?,
        Purpose::Confirmation { session_id, back, .. } => {
            let user = user_of(&site, &request, &session).await.map_err(failed)?;
            match user.filter(|user| user.admin.id == admin.id && user.session.id == session_id) {
                Some(user) => confirmed(&site, &session, &user, &proof, &back).await?,
                None => go(LOGIN),
            }
        }
    };
    Ok(forgotten(&site, answer))
}

async fn enter(site: &Site, request: &HttpRequest, session: &Session, proof: Proof, admin: Admin) -> Result<HttpResponse, PageError> {
    let code_follows = admin.has_totp && !proof.second_factor;
    flow::signed_in(&site.cx, &admin, code_follows)
        .await
        .map_err(|e| PageError::of_office(site, language_of(request), e))?;
    let device = (!code_follows).then(|| device::cookie(site, &admin.user_name));
    let begun = Begun {
        by_company: true,
        code_given: proof.second_factor,
        // Whoever has been signed in there for hours has not just proved to be here.
        confirmed_at: proof.proved_at.filter(|_| !code_follows),
    };
    begin_session(site, request, session, admin, begun)?;
    Ok(device::remembered(go(Route::Payments.path()), device))
}

async fn confirmed(site: &Site, session: &Session, user: &SignedIn, proof: &Proof, back: &str) -> Result<HttpResponse, PageError> {
    flow::confirmed(&site.cx, &user.admin).await.map_err(|e| user.failed(site, e))?;
    let mut kept = user.session.clone();
    kept.confirmed_at = proof.proved_at;
    session.renew();
    session
        .insert(SESSION, kept)
        .map_err(|e| user.failed(site, FlowError::Internal(e.to_string())))?;
    Ok(go(own_address(back)))
}
