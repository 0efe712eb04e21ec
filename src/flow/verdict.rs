//! What a bank's answer, or the lack of one, means for a payment.
//!
//! **Invariant:** only the bank's word leads to success or failure; a refusal leads to another attempt only
//! where nothing of the refused one can be executed any more.

use super::bank_call::{Call, Heard, History};
use super::{Context, FlowError};
use crate::bank::{BankError, PsuStep, Verdict, refusal};
use crate::clock::Timestamp;
use crate::payment::transition::{self, CORRECTION, NotAllowed};
use crate::payment::{Event, Status};
use crate::store::payments::Payment;

/// The notice of a payment that was in a restored copy of the database ([`super::after_restore`]).
pub(super) const RESTORED: &str = "restored";

/// The word for the page when the bank does not know the PSU by the id that was given.
pub(super) const PSU_ID_REFUSED: &str = "psu_id_refused";

/// Longest detail kept in the history, in characters.
const MAX_DETAIL_CHARS: usize = 200;

pub(super) fn internal(error: NotAllowed) -> FlowError {
    FlowError::Internal(error.to_string())
}

/// What the bank said.
pub(super) fn by_verdict(
    payment: &mut Payment,
    history: &mut History,
    heard: Heard,
    verdict: Verdict,
    now: Timestamp,
) -> Result<(), FlowError> {
    let call = heard.call;
    if payment.status.is_final() {
        settled_after_all(payment, history, &verdict);
        return Ok(());
    }
    if payment.notice.as_deref() == Some(RESTORED) && matches!(verdict, Verdict::Rejected(_) | Verdict::Cancelled(_)) {
        // This order failed, but it may not have been the last one: an admin must find out.
        history.note(payment, "order_failed", "bank", None);
        return Ok(());
    }
    let event = match verdict {
        Verdict::PsuNeeded(step) => match psu_needed(payment, history, call, &step, now)? {
            Some(event) => event,
            None => return Ok(()),
        },
        Verdict::StillWorking => match still_working(payment, heard, history) {
            Some(event) => event,
            None => return Ok(()),
        },
        Verdict::Settled => Event::BankSettled,
        Verdict::PartlySettled => Event::BankPartlySettled,
        Verdict::Rejected(reason) => {
            payment.reason = Some(reason.as_str().into());
            refused(payment, call, now, Event::BankRejected)
        }
        Verdict::Cancelled(reason) => {
            payment.reason = Some(reason.as_str().into());
            refused(payment, call, now, Event::BankCancelled)
        }
    };
    let order = (event == Event::AttemptRefused).then(|| payment.bank_payment_id.clone()).flatten();
    history.advance(payment, event, "bank", order).map_err(internal)
}

/// Only an unexpected success is news to a payment that has ended.
fn settled_after_all(payment: &mut Payment, history: &mut History, verdict: &Verdict) {
    if *verdict != Verdict::Settled || transition::correct(payment.status).is_err() {
        return;
    }
    tracing::error!(payment = %payment.id, from = %payment.status, "CORRECTION: a payment that had ended unpaid is settled at the bank");
    metrics::counter!("smartpay_corrections_total").increment(1);
    history.push(payment, CORRECTION, Status::Settled, "bank", None);
    payment.status = Status::Settled;
    payment.reason = None;
}

/// A refusal stands at once where there is no time for another attempt, after doubt, where only the browser
/// brought it, and where no page of ours could offer another attempt.
fn refused(payment: &Payment, call: Call, now: Timestamp, stands: Event) -> Event {
    let again = call != Call::Denial && !payment.doubted && payment.expires_at > now && !payment.headless;
    match payment.status {
        Status::Initiating | Status::AwaitingPsu | Status::Processing if again => Event::AttemptRefused,
        _ => stands,
    }
}

/// The event by which a refused attempt becomes the payment's end: the bank's own word decides which.
pub(super) fn refusal_stands(payment: &Payment) -> Event {
    if payment.bank_word.as_deref() == Some("CANC") {
        Event::BankCancelled
    } else {
        Event::BankRejected
    }
}

fn psu_needed(
    payment: &mut Payment,
    history: &mut History,
    call: Call,
    step: &PsuStep,
    now: Timestamp,
) -> Result<Option<Event>, FlowError> {
    if matches!(step, PsuStep::EnterCode(prompt) if prompt.wrong) && call == Call::Reply {
        payment.code_tries = payment.code_tries.saturating_add(1);
        history.note(payment, "wrong_code", "psu", None);
    }
    payment.psu_step = Some(serde_json::to_string(step)?);
    Ok(match payment.status {
        Status::Initiating => Some(Event::PsuNeeded),
        // Only what the bank itself answers ends a doubt, and only while the PSU still has time.
        Status::InDoubt if call == Call::Ask && payment.expires_at > now => Some(Event::PsuNeeded),
        _ => None,
    })
}

/// RCVD before the PSU came back says nothing new, nor does a word that the timer has heard before; other
/// words are worth a line of history each.
fn still_working(payment: &Payment, heard: Heard, history: &mut History) -> Option<Event> {
    let asked = heard.call == Call::Ask;
    if payment.status == Status::AwaitingPsu && asked && matches!(payment.bank_word.as_deref(), None | Some("RCVD")) {
        return None;
    }
    if payment.status == Status::Processing {
        if heard.new_word || !asked {
            history.note(payment, Event::BankWorking.as_str(), "bank", None);
        }
        return None;
    }
    Some(Event::BankWorking)
}

/// What a failed call means.
pub(super) fn by_error(cx: &Context, payment: &mut Payment, history: &mut History, call: Call, error: &BankError) -> Result<(), FlowError> {
    let event = match (call, error) {
        (Call::Initiate, BankError::NotSent(_) | BankError::Unsupported) => {
            payment.notice = Some("bank_unavailable".into());
            Event::NotSent
        }
        (Call::Initiate, BankError::Refused { status, .. }) => {
            // Where the order starts the authorisation, the PSU's id went with it.
            let asks_psu_id = cx.bank_of(payment).is_some_and(|b| b.facts.requires_psu_id);
            let of_psu_id = asks_psu_id && refusal::is_of_psu_id(error, false);
            payment.notice = Some(if of_psu_id { PSU_ID_REFUSED } else { refusal_notice(*status) }.into());
            Event::BankDeclined
        }
        (Call::Initiate, BankError::Unknown(_)) => lost_attempt(cx, payment),
        // What was sent may work once only, and its answer is lost.
        (Call::Reply, BankError::Unknown(_)) if payment.status == Status::AwaitingPsu => Event::AnswerLost,
        // The bank works on it and answers only to a token that nobody has.
        (Call::Ask, BankError::Unsupported) if payment.status == Status::Processing => Event::AnswerLost,
        // As above: the token is void (a refresh whose answer was lost), and nobody can get another.
        (
            Call::Ask,
            BankError::Refused {
                status: 400 | 401 | 403, ..
            },
        ) if payment.status == Status::Processing && cx.bank_of(payment).is_some_and(|b| b.facts.status_needs_psu_token) => {
            Event::AnswerLost
        }
        (Call::Reply, BankError::NotSent(_) | BankError::Refused { .. }) => {
            payment.notice = Some("bank_unavailable".into());
            return Ok(());
        }
        // Asking again costs nothing and changes nothing.
        _ => return Ok(()),
    };
    history.advance(payment, event, "bank", Some(detail_of(error))).map_err(internal)
}

/// The word for the page after a 4xx answer to an order.
pub(super) const fn refusal_notice(status: u16) -> &'static str {
    if matches!(status, 400 | 404 | 409 | 422) {
        "bank_declined"
    } else {
        "bank_unavailable"
    }
}

/// An error for the history: no personal data, capped.
pub(super) fn detail_of(error: &BankError) -> String {
    let text = match error {
        BankError::Refused { status, code, .. } => format!("{status} {code}"),
        other => other.to_string(),
    };
    text.chars().take(MAX_DETAIL_CHARS).collect()
}

/// What a lost POST means. Where the order cannot be authorised without the link in the lost answer, it is
/// harmless and the payer may try again; where the bank may have pushed the approval already, it is in doubt.
pub(super) fn lost_attempt(cx: &Context, payment: &mut Payment) -> Event {
    let bank = cx.bank_of(payment);
    if bank.is_none_or(|b| b.facts.sca_starts_on_post) {
        return Event::AnswerLost;
    }
    payment.notice = Some("bank_unavailable".into());
    Event::AttemptLost
}
