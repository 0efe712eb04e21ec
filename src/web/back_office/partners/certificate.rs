//! A partner's certificate: read and shown first, proposed then.

use super::page::{CertificateLine, CertificateToPropose};
use super::show::{Look, State, validity};
use super::upload;
use crate::flow::four_eyes::{Change, NewCertificate};
use crate::web::back_office::gate::SignedIn;
use crate::web::back_office::roles::Route;
use crate::web::{PageError, Site};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

impl Look<'_> {
    fn to_propose(&self, certificate: &NewCertificate) -> CertificateToPropose {
        let facts = &certificate.facts;
        let valid = validity(self.t(), self.user.language, facts.not_before, facts.not_after);
        CertificateToPropose {
            line: CertificateLine::of_facts(facts, valid),
            pem: certificate.pem(),
        }
    }
}

/// POST /back-office/partners/{id}/certificates/read: shows what the file says; nothing is kept yet.
pub async fn read(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        id: &id,
    };
    let uploaded = upload::read(&request, payload).await;
    if !look.is_own(Route::ReadCertificate, &uploaded.csrf) {
        return look.expired().await;
    }
    let state = match NewCertificate::read(&site.cx, &uploaded.file) {
        Ok(certificate) => State {
            to_propose: Some(look.to_propose(&certificate)),
            ..State::default()
        },
        Err(error) => State {
            problems: look.refused(error)?,
            ..State::default()
        },
    };
    look.page(state).await
}

/// The form with the certificate that was read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CertificateForm {
    csrf: String,
    pem: String,
}

/// POST /back-office/partners/{id}/certificates.
pub async fn propose_new(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<CertificateForm>,
) -> Result<HttpResponse, PageError> {
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        id: &id,
    };
    if !look.is_own(Route::ProposeCertificate, &form.csrf) {
        return look.expired().await;
    }
    let certificate = match NewCertificate::read(&site.cx, form.pem.as_bytes()) {
        Ok(certificate) => Box::new(certificate),
        Err(error) => {
            let problems = look.refused(error)?;
            return look
                .page(State {
                    problems,
                    ..State::default()
                })
                .await;
        }
    };
    let typed = State {
        to_propose: Some(look.to_propose(&certificate)),
        ..State::default()
    };
    let partner = id.to_string();
    look.propose(Change::AddCertificate { partner, certificate }, typed).await
}

/// The form that removes a certificate.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RemoveForm {
    csrf: String,
    sha256: String,
}

/// POST /back-office/partners/{id}/certificates/remove.
pub async fn remove(
    site: web::Data<Site>,
    request: HttpRequest,
    user: SignedIn,
    id: web::Path<String>,
    form: web::Form<RemoveForm>,
) -> Result<HttpResponse, PageError> {
    let look = Look {
        site: &site,
        request: &request,
        user: &user,
        id: &id,
    };
    if !look.is_own(Route::RemoveCertificate, &form.csrf) {
        return look.expired().await;
    }
    let change = Change::RemoveCertificate {
        partner: id.to_string(),
        sha256: form.sha256.clone(),
    };
    look.propose(change, State::default()).await
}
