//! A payment in the words that partners read: in the answer of `status`, and in webhooks.

use crate::payment::PaymentId;
use crate::store::payments::Payment;
use serde::Serialize;
use serde_json::Value;

/// Where a payment stands, without names and accounts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    payment_id: PaymentId,
    external_payment_id: Value,
    transaction_status: &'static str,
    payment_status: &'static str,
    is_final: bool,
    is_successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    bank: Option<String>,
    /// The sum, where there are several.
    amount: Option<String>,
    currency: &'static str,
}

impl StatusView {
    /// The words of a payment.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        Self {
            payment_id: payment.id,
            external_payment_id: external_id(payment.id, payment.external_payment_id.as_deref()),
            transaction_status: payment.status.transaction_status(payment.bank_word.as_deref()),
            payment_status: payment.status.as_str(),
            is_final: payment.status.is_final(),
            is_successful: payment.status.is_successful(),
            status_reason: payment.reason.clone(),
            bank: payment.bank_code.clone(),
            amount: payment.total().map(|total| total.wire()),
            currency: payment.currency.code(),
        }
    }
}

/// The partner's own id of a payment, as a number where it sent one; ours where it sent none.
#[must_use]
pub fn external_id(id: PaymentId, given: Option<&str>) -> Value {
    let Some(text) = given else { return id.number().into() };
    let number = text
        .parse::<i64>()
        .ok()
        .filter(|n| (0..1 << 53).contains(n) && n.to_string() == text);
    number.map_or_else(|| text.into(), Into::into)
}
