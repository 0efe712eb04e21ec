//! Moving a payment from the browser it is bound to (a desktop) to another one (a phone).

use super::{Posted, check, language, see_other};
use crate::flow::hand_over::{HAND_OVER_LIFE, offer_hand_over, take_over};
use crate::flow::{FlowError, after};
use crate::payment::PaymentId;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::pages::{HandOver, NoticeKind, TakeOver};
use crate::web::hosted_page::render::{notice, time_of_day};
use crate::web::{PageError, Site, html};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// Longest key that is looked at, in characters: ours are shorter.
const MAX_KEY_CHARS: usize = 64;

/// POST /payment-initiation/phone: the bound browser shows the code. The answer is the page itself: its address
/// must not hold the key.
pub async fn offer(site: web::Data<Site>, request: HttpRequest, posted: web::Form<Posted>) -> Result<HttpResponse, PageError> {
    let checked = match check(&site, &request, &posted).await? {
        Ok(checked) => checked,
        Err(answer) => return Ok(answer),
    };
    let back = checked.back(&posted);
    if checked.forged {
        return Ok(see_other(&back));
    }
    let (cx, id, hash) = (site.cx.clone(), checked.payment.id, checked.browser.hash());
    let offered = site.detached.run(async move { offer_hand_over(&cx, id, &hash).await }).await;
    let address = match offered {
        Ok(address) => address,
        Err(FlowError::NotAllowed | FlowError::Busy) => return Ok(see_other(&back)),
        Err(other) => return Err(PageError::new(&site, checked.language, other)),
    };
    let view = checked.view(&site);
    let mut shell = view.shell();
    // The same page in the other language would need another key.
    shell.other_language_url = None;
    let until = time_of_day(after(site.cx.now(), HAND_OVER_LIFE));
    let page = HandOver::new(shell, &address, until, view.status_path(), view.own_path());
    Ok(checked.browser.marked(html(StatusCode::OK, page.render()?), site.cx.db.vault(), id))
}

/// What a hand-over's address carries.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Key {
    payment: String,
    key: SecretString,
    csrf: String,
    lang: Option<String>,
}

impl Key {
    /// The payment, when the values can be a hand-over's at all. Nothing was looked up.
    fn payment(&self) -> Option<PaymentId> {
        let key = self.key.expose_secret();
        let fits = !key.is_empty() && key.len() <= MAX_KEY_CHARS && key.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| PaymentId::parse(&self.payment)).flatten()
    }
}

/// The anti-forgery token is about the hand-over, not the payment: it opens nothing else.
fn about(id: PaymentId) -> String {
    format!("hand-over {id}")
}

fn used(site: &Site, request: &HttpRequest, key: &Key) -> Result<HttpResponse, PageError> {
    let language = language(request, key.lang.as_deref(), None);
    Ok(html(StatusCode::NOT_FOUND, notice(site, language, NoticeKind::HandOverUsed)?))
}

fn question(site: &Site, request: &HttpRequest, key: &Key, id: PaymentId, status: StatusCode) -> Result<HttpResponse, PageError> {
    let browser = Browser::of(request, site.https());
    let csrf = browser.csrf(site.cx.db.vault(), &about(id));
    let shell = site.shell(language(request, key.lang.as_deref(), None));
    let page = TakeOver::new(shell, id.to_string(), key.key.expose_secret().to_owned(), csrf);
    Ok(browser.remembered(html(status, page.render()?)))
}

/// GET /payment-initiation/hand-over: asks, and uses nothing up: previews of links come here too.
pub async fn ask(site: web::Data<Site>, request: HttpRequest, key: web::Query<Key>) -> Result<HttpResponse, PageError> {
    match key.payment() {
        Some(id) => question(&site, &request, &key, id, StatusCode::OK),
        None => used(&site, &request, &key),
    }
}

/// POST /payment-initiation/hand-over: this browser takes the payment.
pub async fn take(site: web::Data<Site>, request: HttpRequest, key: web::Form<Key>) -> Result<HttpResponse, PageError> {
    let Some(id) = key.payment() else {
        return used(&site, &request, &key);
    };
    if !site.is_own_form(&request, &about(id), &key.csrf) {
        return question(&site, &request, &key, id, StatusCode::FORBIDDEN);
    }
    let browser = Browser::of(&request, site.https());
    let (cx, secret, hash) = (site.cx.clone(), key.key.clone(), browser.hash());
    let taken = site
        .detached
        .run(async move { take_over(&cx, id, secret.expose_secret(), &hash).await })
        .await;
    match taken {
        Ok(link) => Ok(see_other(&format!("{}?{}", link.path(), link.query().unwrap_or_default()))),
        Err(FlowError::NotFound) => used(&site, &request, &key),
        Err(FlowError::Busy) => question(&site, &request, &key, id, StatusCode::OK),
        Err(other) => Err(PageError::new(&site, language(&request, key.lang.as_deref(), None), other)),
    }
}
