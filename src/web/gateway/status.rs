//! GET status: where a payment stands, for its partner.

use super::access_token::partner_of;
use super::calls::payment_id;
use super::envelope::success;
use super::{ApiError, Gateway, input, peer};
use crate::flow::access_tokens::{Scope, is_one};
use crate::flow::issue_token::authenticate;
use crate::flow::status_view::StatusView;
use crate::store::payments::Payment;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    #[serde(flatten)]
    payment: StatusView,
    /// Of the one creditor; `null` where there are several.
    creditor_iban: Option<String>,
    updated_at: String,
    #[serde(flatten)]
    schedule: Option<ScheduleView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payments: Option<Vec<InstructionView>>,
}

#[derive(Serialize)]
struct ScheduleView {
    #[serde(rename = "startDate")]
    start_date: String,
    #[serde(rename = "Frequency")]
    frequency: &'static str,
    #[serde(rename = "dayOfExecution", skip_serializing_if = "Option::is_none")]
    day_of_execution: Option<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstructionView {
    end_to_end_id: String,
    amount: String,
    currency: &'static str,
    creditor_iban: String,
    transaction_status: &'static str,
}

impl StatusAnswer {
    fn of(payment: Payment) -> Self {
        let only = match payment.instructions.as_slice() {
            [only] => Some(only.creditor_iban.electronic().to_owned()),
            _ => None,
        };
        Self {
            payment: StatusView::of(&payment),
            creditor_iban: only,
            updated_at: payment.updated_at.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            schedule: payment.schedule.map(|s| ScheduleView {
                start_date: s.start_date.to_string(),
                frequency: s.frequency.as_str(),
                day_of_execution: s.day_of_execution,
            }),
            payments: payment.came_as_list().then(|| instructions(&payment)),
        }
    }
}

fn instructions(payment: &Payment) -> Vec<InstructionView> {
    let words = payment.instruction_words.iter().map(Option::as_deref);
    let one = |(instruction, word): (&crate::payment::Instruction, Option<&str>)| InstructionView {
        end_to_end_id: instruction.end_to_end_id.clone(),
        amount: instruction.amount.wire(),
        currency: instruction.amount.currency.code(),
        creditor_iban: instruction.creditor_iban.electronic().to_owned(),
        transaction_status: payment.status.instruction_status(payment.bank_word.as_deref(), word),
    };
    payment.instructions.iter().zip(words).map(one).collect()
}

/// GET status. Answers at every stage, also while the PSU is at the bank. With the payment's own token, or with an
/// access token of its partner.
pub async fn status(gateway: web::Data<Gateway>, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let token = input::bearer(&request)?;
    let id = payment_id(&path)?;
    let peer = peer(&request)?;
    if is_one(token) {
        let partner = partner_of(&gateway.cx, &peer, token, Scope::ReadPayments).await?;
        let (payment, owner) = gateway.cx.payment(id).await?;
        // What is another partner's answers like what does not exist.
        let own = Some(payment).filter(|_| owner.id == partner.id);
        return Ok(success(StatusAnswer::of(own.ok_or_else(ApiError::no_payment)?)));
    }
    authenticate(&gateway.cx, &peer, token, Some(id)).await?;
    let (payment, _) = gateway.cx.payment(id).await?;
    Ok(success(StatusAnswer::of(payment)))
}
