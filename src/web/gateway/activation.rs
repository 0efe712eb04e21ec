//! clientActivation: a platform sends an application of a sub-merchant and asks where it stands. The certificate
//! alone says who asks, as there is no payment to which a token could belong.

use super::calls::known_certificate;
use super::envelope::success;
use super::input::{self, APPLICATION_BODY};
use super::{ApiError, Gateway, activation_input, peer};
use crate::flow::FlowError;
use crate::flow::applications::{Needed, Progress, progress, receive};
use crate::partner::Partner;
use crate::store::partners;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::SecondsFormat;
use serde::Serialize;

#[derive(Serialize)]
struct Missing {
    code: &'static str,
    message: String,
}

impl From<Needed> for Missing {
    fn from(needed: Needed) -> Self {
        let (code, message) = match needed {
            Needed::Information(text) => {
                return Self {
                    code: "INFORMATION",
                    message: text,
                };
            }
            Needed::File => ("ONBOARDING_FILE", "The operator's file on the sub-merchant is not complete."),
            Needed::Certificate => ("CERTIFICATE", "The sub-merchant's client certificate is not registered."),
            Needed::RedirectUrl => ("REDIRECT_URL", "No redirect URL of the sub-merchant is registered."),
            Needed::Activation => ("ACTIVATION", "The operator has not activated the sub-merchant yet."),
        };
        Self {
            code,
            message: message.into(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplicationAnswer {
    application_id: String,
    external_client_id: String,
    application_status: &'static str,
    is_final: bool,
    /// The id that the sub-merchant presents at the gateway, with a certificate of its own.
    client_id: Option<String>,
    missing: Vec<Missing>,
    created_at: String,
    updated_at: String,
}

fn answer(progress: Progress) -> HttpResponse {
    let application = progress.application;
    let moment = |at: crate::clock::Timestamp| at.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true);
    success(ApplicationAnswer {
        application_status: application.state.as_str(),
        is_final: application.state.is_final(),
        client_id: progress.client_id,
        missing: progress.needed.into_iter().map(Into::into).collect(),
        created_at: moment(application.created_at),
        updated_at: moment(application.updated_at),
        application_id: application.id,
        external_client_id: application.external_client_id,
    })
}

fn not_a_platform() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "NOT_A_PLATFORM",
        "This partner may not onboard sub-merchants; the operator can allow it.",
    )
}

fn no_application() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "APPLICATION_NOT_FOUND",
        "There is no such application of this partner.",
    )
}

fn in_words(error: FlowError) -> ApiError {
    match error {
        FlowError::NotYou => not_a_platform(),
        FlowError::NotFound => no_application(),
        FlowError::OtherContent => ApiError::new(
            StatusCode::CONFLICT,
            "OTHER_CONTENT",
            "Another application was sent under this externalClientId before; it stays as it was.",
        ),
        other => other.into(),
    }
}

/// The partner of the certificate, which may send applications.
async fn platform(gateway: &Gateway, request: &HttpRequest) -> Result<Partner, ApiError> {
    let partner = known_certificate(gateway, peer(request)?).await?;
    let id = partner.id.clone();
    let read = gateway.cx.db.read(move |a| partners::platform(a, &id)).await;
    if read.map_err(FlowError::from)?.may_onboard {
        Ok(partner)
    } else {
        Err(not_a_platform())
    }
}

/// POST clientActivation.
pub async fn apply(gateway: web::Data<Gateway>, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, ApiError> {
    let platform = platform(&gateway, &request).await?;
    input::must_be_json(&request)?;
    let body = input::body(&request, payload, APPLICATION_BODY).await?;
    let (external_id, application) = activation_input::read(&input::json_object(&body)?)?;
    let progress = receive(&gateway.cx, &platform, &external_id, application).await;
    Ok(answer(progress.map_err(in_words)?))
}

/// GET clientActivation/{application}.
pub async fn status(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let platform = platform(&gateway, &request).await?;
    // Ids are UUIDs; a database may take no text with NUL in it.
    if uuid::Uuid::try_parse(&path).is_err() {
        return Err(no_application());
    }
    let progress = progress(&gateway.cx, &platform.id, &path).await;
    Ok(answer(progress.map_err(in_words)?))
}
