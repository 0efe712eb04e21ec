//! The mails of a payment, and sending one again.

use super::gate::{SignedIn, go};
use super::roles::Route;
use crate::flow::FlowError;
use crate::flow::resend_mail::{self, resend_mail};
use crate::payment::{Language, PaymentId};
use crate::store::outbox::Delivery;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::local_time;
use crate::web::hosted_page::texts::catalogue;
use crate::web::{PageError, Site};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

catalogue! {
    /// The texts of a payment's mails.
    MailTexts {
        title: "E-mailuri către plătitor", "Mails to the payer";
        kind: "Despre", "About";
        written: "Scris", "Written";
        state: "Stare", "State";
        attempts: "Încercări", "Attempts";
        sent: "preluat de server", "taken by the server";
        waiting: "așteaptă să fie trimis", "waiting to be sent";
        given_up: "refuzat definitiv de server", "refused by the server for good";
        resend: "Trimite din nou", "Send again";
    }
}

/// A mail, as it is shown: never the address, never the text.
#[derive(Clone, Debug)]
pub struct MailLine {
    /// What it is about.
    pub kind: String,
    /// Its id, by which it is sent again.
    pub id: String,
    /// When it was written, in local time.
    pub written: String,
    /// What became of it, and when.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// It is not waiting to be sent.
    pub rests: bool,
    /// A server has it.
    pub sent: bool,
}

/// The mails of a payment.
#[derive(Clone, Debug)]
pub struct MailRecord {
    /// The texts.
    pub l: &'static MailTexts,
    /// Oldest first.
    pub mails: Vec<MailLine>,
    /// Where sending again is posted to, and the anti-forgery token; none for those who may not.
    pub resend: Option<(String, String)>,
}

fn action(id: PaymentId) -> String {
    Route::ResendMail.path().replace("{id}", &id.to_string())
}

impl MailRecord {
    /// The record as a user sees it.
    #[must_use]
    pub fn of(site: &Site, request: &HttpRequest, user: &SignedIn, id: PaymentId, mails: Vec<Delivery>) -> Self {
        let l = MailTexts::of(user.language);
        let csrf = || Browser::of(request, site.https()).csrf(site.cx.db.vault(), &action(id));
        Self {
            l,
            mails: mails.into_iter().map(|mail| line(mail, l, user.language)).collect(),
            resend: Route::ResendMail.allows(user.role).then(|| (action(id), csrf())),
        }
    }
}

fn line(mail: Delivery, l: &MailTexts, language: Language) -> MailLine {
    let state = match (mail.due_at, mail.sent_at) {
        (Some(_), _) => l.waiting.to_owned(),
        (None, Some(at)) => format!("{}, {}", l.sent, local_time(at, language)),
        (None, None) => l.given_up.to_owned(),
    };
    MailLine {
        kind: mail.kind,
        id: mail.id,
        written: local_time(mail.created_at, language),
        state,
        attempts: mail.attempts,
        rests: mail.due_at.is_none(),
        sent: mail.sent_at.is_some(),
    }
}

/// The posted form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Resending {
    csrf: String,
    mail: String,
    /// Not empty when the page said that a server has it.
    sent: String,
}

/// POST /back-office/payments/{id}/resend.
pub async fn resend(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<Resending>,
) -> Result<HttpResponse, PageError> {
    let id = PaymentId::parse(&id).ok_or_else(|| user.failed(&site, FlowError::NotFound))?;
    if !site.is_own_form(&request, &action(id), &form.csrf) {
        return Err(user.failed(&site, FlowError::NotYou));
    }
    let form = form.into_inner();
    let resending = resend_mail::Resending {
        mail_id: form.mail,
        payment: Some(id),
        saw_sent: !form.sent.is_empty(),
    };
    let again = resend_mail(&site.cx, &user.admin.id, resending).await;
    let word = super::mail::word(again.map_err(|e| user.failed(&site, e))?);
    let word = word.ok_or_else(|| user.failed(&site, FlowError::NotFound))?;
    Ok(go(&format!("{}?mail={word}", super::payment::address(id))))
}
