//! A partner's certificate: read and shown first, proposed then.

use super::Look;
use super::page::{CertificateLine, CertificateToPropose};
use super::show::{State, validity};
use super::upload;
use crate::flow::four_eyes::{Change, NewCertificate};
use crate::web::PageError;
use crate::web::back_office::roles::Route;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

impl Look {
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
pub async fn read(look: Look, payload: web::Payload) -> Result<HttpResponse, PageError> {
    let uploaded = upload::read(&look.request, payload).await;
    if !look.is_own(Route::ReadCertificate, &uploaded.csrf) {
        return look.expired().await;
    }
    let state = match NewCertificate::read(&look.site.cx, &uploaded.file) {
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
pub async fn propose_new(look: Look, form: web::Form<CertificateForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::ProposeCertificate, &form.csrf) {
        return look.expired().await;
    }
    let certificate = match NewCertificate::read(&look.site.cx, form.pem.as_bytes()) {
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
    let partner = look.id.clone();
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
pub async fn remove(look: Look, form: web::Form<RemoveForm>) -> Result<HttpResponse, PageError> {
    if !look.is_own(Route::RemoveCertificate, &form.csrf) {
        return look.expired().await;
    }
    let change = Change::RemoveCertificate {
        partner: look.id.clone(),
        sha256: form.sha256.clone(),
    };
    look.propose(change, State::default()).await
}
