//! The PSU presses „Plătește”: the intent is written, then the order goes to the bank, once.

use super::bank_call::{Call, History, connector, finish};
use super::{Context, FlowError, after};
use crate::bank::{PaymentInitiation as _, PsuContext};
use crate::crypto;
use crate::fail_point;
use crate::partner::{Field, Partner};
use crate::payment::{Amount, Event, Iban, Instruction, Language, Order, PaymentId, Status};
use crate::store::StoreError;
use crate::store::payments::{self, Payment};
use std::net::IpAddr;

/// What the PSU confirmed, checked by the page's rules.
#[derive(Clone)]
pub struct ConfirmedOrder {
    /// Who receives the money.
    pub creditor_name: String,
    /// The account that receives it.
    pub creditor_iban: Iban,
    /// How much.
    pub amount: Amount,
    /// Remittance information.
    pub details: String,
    /// The PSU's bank.
    pub bank_code: String,
    /// The PSU's account.
    pub debtor_iban: Iban,
    /// The PSU's e-mail address.
    pub email: String,
    /// The language of the page.
    pub language: Language,
}

impl std::fmt::Debug for ConfirmedOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfirmedOrder")
            .field("bank_code", &self.bank_code)
            .finish_non_exhaustive()
    }
}

/// Who presses it.
#[derive(Clone, Debug)]
pub struct PsuDevice {
    /// Address, which banks ask for.
    pub ip: IpAddr,
    /// Browser, which banks ask for.
    pub user_agent: Option<String>,
    /// Hash of the browser the link is bound to.
    pub browser_hash: String,
}

/// Sends the order to the bank. A payment that is already being sent, or was sent, is left as it is: the
/// page shows where it stands.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::Busy`] when another tab is at it.
pub async fn submit_payment(
    cx: &Context,
    id: PaymentId,
    psu: &PsuDevice,
    confirmed: ConfirmedOrder,
    tampered: &[Field],
) -> Result<(), FlowError> {
    let (payment, partner) = cx.payment(id).await?;
    if payment.browser_hash.as_deref() != Some(&psu.browser_hash) {
        return Err(FlowError::NotFound);
    }
    if payment.status != Status::Created || payment.expires_at <= cx.now() {
        return Ok(());
    }
    let state = crypto::new_token();
    fail_point::may_die("submit_before_intent");
    let intent = write_intent(cx, payment, &partner, confirmed, &state, tampered).await?;
    let Some(payment) = intent else { return Ok(()) };
    fail_point::may_die("submit_after_intent");
    let result = match connector(cx, &payment) {
        Ok(bank) => {
            let order = order_of(&payment);
            let psu = PsuContext {
                ip: psu.ip,
                user_agent: psu.user_agent.clone(),
                return_url: cx.return_url(payment.bank_code.as_deref().unwrap_or_default())?,
                state,
                seed: crypto::random(),
            };
            bank.initiate(&order, &psu).await
        }
        Err(_) => Err(crate::bank::BankError::Unsupported),
    };
    fail_point::may_die("submit_unsaved");
    finish(cx, payments::Claim { payment }, Call::Initiate, result).await?;
    fail_point::may_die("submit_saved");
    Ok(())
}

/// One write: the claim, what was confirmed, and „initiating”. `None` when another tab was first.
async fn write_intent(
    cx: &Context,
    payment: Payment,
    partner: &Partner,
    confirmed: ConfirmedOrder,
    state: &str,
    tampered: &[Field],
) -> Result<Option<Payment>, FlowError> {
    let mut history = History::default();
    for field in tampered {
        tracing::warn!(payment = %payment.id, ?field, "a read-only field came back changed; its value is not used");
        history.note(&payment, "tampering", "psu", Some(format!("{field:?}")));
    }
    let now = cx.now();
    let (until, expires_at) = (after(now, cx.rules.lease), after(now, cx.rules.link_life));
    let callback_hash = crypto::token_hash(state);
    let partner = partner.clone();
    let written = cx
        .db
        .write(move |a| {
            let mut payment = payments::claim(a, payment, now, until)?.payment;
            confirm(&mut payment, &partner, confirmed);
            payment.attempts += 1;
            payment.callback_hash = Some(callback_hash);
            payment.notice = None;
            let bank = payment.bank_code.clone();
            if history.advance(&mut payment, Event::SubmitStarted, "psu", bank).is_err() {
                return Err(StoreError::Conflict);
            }
            payment.due_at = Some(until);
            // The PSU gets the whole time at the bank, however long the form took.
            payment.expires_at = expires_at;
            payments::save_order(a, &payment, &history.entries, now, true)
        })
        .await;
    match written {
        Ok(payment) => Ok(Some(payment)),
        Err(StoreError::Conflict | StoreError::Busy) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Takes over what the PSU may change, by the partner's kind: decided again here, not by what came in.
fn confirm(payment: &mut Payment, partner: &Partner, confirmed: ConfirmedOrder) {
    if let Some(known) = payment.instructions.first_mut() {
        let editable = |field| partner.kind.editable(field);
        *known = Instruction {
            creditor_name: if editable(Field::CreditorName) {
                confirmed.creditor_name
            } else {
                known.creditor_name.clone()
            },
            creditor_iban: if editable(Field::CreditorIban) {
                confirmed.creditor_iban
            } else {
                known.creditor_iban.clone()
            },
            amount: if editable(Field::Amount) { confirmed.amount } else { known.amount },
            details: if editable(Field::Details) {
                confirmed.details
            } else {
                known.details.clone()
            },
            end_to_end_id: known.end_to_end_id.clone(),
        };
    }
    payment.debtor_iban = Some(confirmed.debtor_iban);
    payment.bank_code = Some(confirmed.bank_code);
    payment.psu_email = Some(confirmed.email);
    payment.language = Some(confirmed.language);
    payment.terms_accepted = true;
    payment.confirmed_hash = Some(confirmed_hash(payment));
}

/// Hash of the confirmed tuple: bank, debtor, and per instruction creditor, amount and details.
#[must_use]
pub fn confirmed_hash(payment: &Payment) -> String {
    let mut text = format!(
        "{}|{}",
        payment.bank_code.as_deref().unwrap_or_default(),
        payment.debtor_iban.as_ref().map_or("", Iban::electronic)
    );
    for i in &payment.instructions {
        text.push_str(&format!(
            "\n{}|{}|{}|{}|{}",
            i.creditor_iban.electronic(),
            i.amount.wire(),
            i.amount.currency,
            i.creditor_name,
            i.details
        ));
    }
    crypto::token_hash(&text)
}

fn order_of(payment: &Payment) -> Order {
    Order {
        payment: payment.id,
        attempt: u32::try_from(payment.attempts).unwrap_or(1),
        debtor_iban: payment.debtor_iban.clone(),
        instructions: payment.instructions.clone(),
    }
}
