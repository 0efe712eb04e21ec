//! The embedded approach: what the PSU chooses and enters on our page is passed on (NextGenPSD2 1.3.x
//! sections 7.2.3 and 7.2.4), for an order or for a consent.
//!
//! **Invariant:** a code is in the request that carries it and nowhere else.

use super::authorisation::{look, open_step, sca_status, step_of, told};
use super::sca::{Sca, ScaStatus};
use super::subject::Subject;
use crate::bank::http::{Body, Reply};
use crate::bank::{BankError, CodePrompt, PsuStep};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

/// Chooses the method by which the code comes.
pub(super) async fn choose<S: Subject>(subject: S, id: &str) -> Result<S::Answer, BankError> {
    let name = match &subject.sca().step {
        Some(PsuStep::ChooseMethod { methods }) => methods.iter().find(|m| m.id == id).map(|m| m.name.clone()),
        _ => None,
    };
    let name = name.ok_or(BankError::Unsupported)?;
    select(subject, id.to_owned(), Some(name)).await
}

/// Asks for another code: by choosing the same method again.
pub(super) async fn resend<S: Subject>(subject: S) -> Result<S::Answer, BankError> {
    let sca = subject.sca();
    let (Some(prompt), Some(method)) = (sca.prompt(), sca.method.clone()) else {
        return Err(BankError::Unsupported);
    };
    let name = prompt.method.clone();
    select(subject, method, name).await
}

/// The code may be on its way although the answer is lost: then the PSU can enter it, or ask for another.
async fn select<S: Subject>(mut subject: S, id: String, name: Option<String>) -> Result<S::Answer, BankError> {
    let sent = put(&mut subject, "choose_method", &json!({ "authenticationMethodId": id })).await;
    subject.sca_mut().method = Some(id);
    let blind = CodePrompt {
        method: name.clone(),
        can_resend: true,
        ..CodePrompt::default()
    };
    let status = match sent {
        Ok((answer, reply, asked)) => {
            let step = step_of(&subject, &answer, &reply, &asked)?;
            let sca = subject.sca_mut();
            sca.take_over(&answer);
            sca.step = Some(match step {
                Some(PsuStep::EnterCode(_)) | None => PsuStep::EnterCode(CodePrompt {
                    can_resend: true,
                    ..answer.prompt(name.as_deref())
                }),
                Some(other) => other,
            });
            answer.status.unwrap_or(ScaStatus::MethodSelected)
        }
        Err(BankError::Unknown(_)) => {
            subject.sca_mut().step = Some(PsuStep::EnterCode(blind));
            ScaStatus::MethodSelected
        }
        Err(error) => return Err(error),
    };
    told(subject, status).await
}

/// Hands over the code that the PSU entered.
pub(super) async fn enter<S: Subject>(mut subject: S, code: &SecretString) -> Result<S::Answer, BankError> {
    if subject.sca().prompt().is_none() {
        return Err(BankError::Unsupported);
    }
    let body = json!({ "scaAuthenticationData": code.expose_secret() });
    match put(&mut subject, "enter_code", &body).await {
        Ok((answer, ..)) => match answer.status {
            Some(ScaStatus::MethodSelected) => {
                was_wrong(&mut subject, true);
                told(subject, ScaStatus::MethodSelected).await
            }
            Some(status) => {
                was_wrong(&mut subject, status == ScaStatus::Failed);
                told(subject, status).await
            }
            None => look(subject).await,
        },
        Err(error @ BankError::Refused { status, .. }) if status != 429 => code_refused(subject, error).await,
        Err(error) => Err(error),
    }
}

/// The authorisation's status tells whether the code was wrong once more or once too often, and whether
/// the bank refuses a code because it has a good one already.
async fn code_refused<S: Subject>(mut subject: S, error: BankError) -> Result<S::Answer, BankError> {
    let wrong = is_wrong_code(&error);
    was_wrong(&mut subject, wrong);
    match sca_status(&mut subject).await {
        Ok(Some(status @ (ScaStatus::Done | ScaStatus::Failed))) => told(subject, status).await,
        _ if wrong => {
            let step = open_step(&mut subject, Some(ScaStatus::MethodSelected));
            Ok(subject.open(step))
        }
        _ => Err(error),
    }
}

fn was_wrong(subject: &mut impl Subject, wrong: bool) {
    if let Some(PsuStep::EnterCode(prompt)) = &mut subject.sca_mut().step {
        prompt.wrong = wrong;
    }
}

async fn put(subject: &mut impl Subject, operation: &'static str, body: &Value) -> Result<(Sca, Reply, Url), BankError> {
    let id = subject.sca().id.as_deref().ok_or(BankError::Unsupported)?;
    let asked = subject.authorisations(Some(id))?;
    let bank = subject.bank().clone();
    let mut call = subject.prepare(&bank, operation, Method::PUT, asked.clone())?;
    call.body = Body::Json(body.to_string().into_bytes());
    let reply = bank.http.call(call).await?;
    let answer = Sca::read(&reply.body);
    let answer = answer.ok_or_else(|| BankError::Unknown("the answer of the authorisation is unreadable".to_owned()))?;
    Ok((answer, reply, asked))
}

/// The words for a code that is wrong (NextGenPSD2 section 14.11, message codes).
fn is_wrong_code(error: &BankError) -> bool {
    matches!(error, BankError::Refused { status: 400 | 401, code, .. }
        if matches!(code.as_str(), "PSU_CREDENTIALS_INVALID" | "SCA_INVALID"))
}
