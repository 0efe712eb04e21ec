//! Cancelling an order at the bank (DELETE), the same for everybody who wants it: the payer who gives up or
//! changes the bank, the timer, a denial that came through the browser.

use super::bank_call::{History, Told, connector, told};
use super::verdict::detail_of;
use super::{Context, FlowError};
use crate::bank::{BankError, PaymentInitiation as _, Session, Verdict};
use crate::store::payments::Payment;

/// What the bank said to a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Withdrawal {
    /// Confirmed: the order cannot be executed any more.
    Confirmed,
    /// The bank says no, or never does that: the order may be executed.
    Refused,
    /// Not known: it can be tried again.
    Unknown,
}

/// Withdraws the order of a conversation; a failure is noted in the history.
pub(super) async fn withdraw_at_bank(
    cx: &Context,
    payment: &mut Payment,
    session: &Session,
    history: &mut History,
) -> Result<Withdrawal, FlowError> {
    let bank = connector(cx, payment)?;
    let Told { result, request_id } = told(payment.id, bank.withdraw(session)).await;
    history.heard_by(request_id);
    let (outcome, detail) = match result {
        Ok(answer) if matches!(answer.verdict, Verdict::Cancelled(_)) => {
            payment.bank_word = Some(answer.bank_word);
            return Ok(Withdrawal::Confirmed);
        }
        Ok(answer) => (Withdrawal::Refused, answer.bank_word),
        Err(error) => {
            let again = matches!(
                error,
                BankError::NotSent(_) | BankError::Unknown(_) | BankError::Refused { status: 429, .. }
            );
            let outcome = if again { Withdrawal::Unknown } else { Withdrawal::Refused };
            (outcome, detail_of(&error))
        }
    };
    tracing::info!(payment = %payment.id, ?outcome, "the withdrawal was not confirmed");
    history.note(payment, "withdrawal_refused", "bank", Some(detail));
    Ok(outcome)
}
