//! The partner sends the order (initPayment). The same order again answers the same; another one is refused.

use super::bank_call::History;
use super::extend_time::extendable_until;
use super::limits::{blocked_by, judge_and_count, note};
use super::{Context, FieldProblem, FlowError, after, webhooks};
use crate::bank::directory::Bank;
use crate::clock::Timestamp;
use crate::crypto;
use crate::partner::Partner;
use crate::payment::limits::{Figure, Stage};
use crate::payment::{Currency, Event, Iban, Instruction, PaymentId, Schedule};
use crate::store::StoreError;
use crate::store::payments::{self, Payment};
use chrono::NaiveDate;
use serde::Serialize;
use url::Url;

/// An order as the partner sent it, read and checked field by field.
#[derive(Clone, Serialize)]
pub struct InitOrder {
    /// What is to be paid; at least one, all in the partner's currency.
    pub instructions: Vec<Instruction>,
    /// For a standing order, which has one instruction: when it is carried out.
    pub schedule: Option<Schedule>,
    /// The payer's e-mail address.
    pub psu_email: Option<String>,
    /// The payer's id at the partner.
    pub psu_id_at_partner: Option<String>,
    /// The payer's account.
    pub debtor_iban: Option<Iban>,
    /// The payer's bank.
    pub debtor_bank: Option<String>,
    /// Where the payer goes back to.
    pub redirect_url: Option<Url>,
    /// The payer accepted the terms at the partner.
    pub terms_accepted: bool,
    /// The partner may let us choose the payer's account.
    pub iban_optimization: bool,
    /// The partner's own id.
    pub external_payment_id: Option<String>,
}

impl std::fmt::Debug for InitOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InitOrder")
            .field("instructions", &self.instructions.len())
            .finish_non_exhaustive()
    }
}

/// The accepted order.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The payment.
    pub payment: PaymentId,
    /// The partner's own id.
    pub external_payment_id: Option<String>,
    /// The payer's link.
    pub link: Url,
}

/// Stores the order and answers the payer's link.
///
/// # Errors
/// [`FlowError::AgainstRules`], [`FlowError::OtherContent`], [`FlowError::NotFound`]; nothing is stored then. When a
/// declared figure of the partner blocks the payment, that is [`FlowError::AgainstRules`] too, and it is stored as blocked.
pub async fn init_payment(cx: &Context, partner: &Partner, id: PaymentId, order: InitOrder) -> Result<Accepted, FlowError> {
    check_rules(cx, partner, &order)?;
    match store_order(cx, partner, id, order.clone()).await {
        // Two calls at once, perhaps on two nodes: the other one was first, and if it was the same, its answer is ours too.
        Err(FlowError::Busy) => store_order(cx, partner, id, order).await,
        outcome => outcome,
    }
}

async fn store_order(cx: &Context, partner: &Partner, id: PaymentId, order: InitOrder) -> Result<Accepted, FlowError> {
    let request_hash = crypto::token_hash(&serde_json::to_string(&order)?);
    let redirect = order.redirect_url.clone();
    let partner = partner.clone();
    let first_day = order.schedule.map(|s| s.start_date);
    let today = today(cx.now());
    let (now, link_life) = (cx.now(), cx.rules.link_life);
    let outcome = cx
        .db
        .write(move |a| {
            let Some(mut payment) = payments::get(a, id)?.filter(|p| p.partner_id == partner.id) else {
                return Ok(Err(FlowError::NotFound));
            };
            if let Some(known) = &payment.request_hash {
                return Ok(if *known == request_hash {
                    Ok(payment)
                } else {
                    Err(FlowError::OtherContent)
                });
            }
            if redirect
                .as_ref()
                .is_some_and(|url| !partner.allows_redirect(url, payment.flexible_url))
            {
                return Ok(Err(FlowError::AgainstRules(vec![redirect_problem()])));
            }
            if first_day.is_some_and(|day| day < today) {
                return Ok(Err(FlowError::AgainstRules(vec![past_problem()])));
            }
            let mut history = History::default();
            if history.advance(&mut payment, Event::OrderReceived, "partner", None).is_err() {
                return Ok(Err(FlowError::NotAllowed));
            }
            fill(&mut payment, order, request_hash);
            payment.expires_at = after(now, link_life);
            payment.due_at = Some(payment.expires_at);
            payment.extendable_until = Some(extendable_until(now, link_life));
            let breaches = judge_and_count(a, &payment, Stage::Started, false, now)?;
            note(&mut payment, &mut history, &breaches, "partner", now).map_err(|_| StoreError::Conflict)?;
            let saved = payments::save_order(a, &payment, &history.entries, now, false)?;
            webhooks::record(a, &saved, &history.entries, now)?;
            Ok(Ok(saved))
        })
        .await;
    match outcome {
        Ok(stored) => accepted(cx, &stored?),
        Err(other) => Err(other.into()),
    }
}

fn fill(payment: &mut Payment, order: InitOrder, request_hash: String) {
    payment.request_hash = Some(request_hash);
    payment.link_state = Some(crypto::new_token());
    payment.external_payment_id = order.external_payment_id;
    payment.redirect_url = order.redirect_url.map(Into::into);
    payment.terms_accepted = order.terms_accepted;
    payment.psu_email = order.psu_email;
    payment.psu_id_at_partner = order.psu_id_at_partner;
    payment.debtor_iban = order.debtor_iban;
    payment.bank_code = order.debtor_bank;
    payment.schedule = order.schedule;
    payment.instructions = order.instructions;
}

fn accepted(cx: &Context, payment: &Payment) -> Result<Accepted, FlowError> {
    // Blocked before the PSU saw it: there is nothing to go to. The same call again answers the same.
    if let Some(figure) = blocked_by(payment).filter(|_| payment.confirmed_hash.is_none()) {
        return Err(FlowError::AgainstRules(vec![limit_problem(figure)]));
    }
    let state = payment.link_state.as_deref().ok_or(FlowError::NotFound)?;
    Ok(Accepted {
        payment: payment.id,
        external_payment_id: payment.external_payment_id.clone(),
        link: page_url(cx, payment.id, state)?,
    })
}

/// The payer's link.
///
/// # Errors
/// [`FlowError::Internal`] when the base URL cannot carry a path.
pub fn page_url(cx: &Context, id: PaymentId, state: &str) -> Result<Url, FlowError> {
    let mut url = cx
        .rules
        .base_url
        .join("payment-initiation")
        .map_err(|e| FlowError::Internal(e.to_string()))?;
    url.query_pairs_mut()
        .append_pair("payment", &id.to_string())
        .append_pair("state", state);
    Ok(url)
}

fn redirect_problem() -> FieldProblem {
    FieldProblem::new(
        "redirectURL",
        "NOT_ALLOWED",
        "this URL is not registered for the partner; scheme, host, port and path must match a registered one",
    )
}

fn limit_problem(figure: Figure) -> FieldProblem {
    let (field, code) = match figure {
        Figure::MaximumAmount => ("amount", "LIMIT_MAXIMUM_AMOUNT"),
        Figure::AverageAmount => ("amount", "LIMIT_AVERAGE_AMOUNT"),
        Figure::PaymentsPerDay => ("paymentId", "LIMIT_PAYMENTS_PER_DAY"),
        Figure::UnfinishedPerDay => ("paymentId", "LIMIT_UNFINISHED_PER_DAY"),
        Figure::ClientPerDay => ("psuIntermediarId", "LIMIT_CLIENT_PER_DAY"),
        Figure::RegisteredClients => ("psuIntermediarId", "LIMIT_REGISTERED_CLIENTS"),
    };
    FieldProblem::new(field, code, figure.for_partner())
}

fn past_problem() -> FieldProblem {
    FieldProblem::new("startDate", "IN_THE_PAST", "the first day must be today (in Romania) or later")
}

/// The day it is where the payers are.
#[must_use]
pub fn today(now: Timestamp) -> NaiveDate {
    now.and_utc().with_timezone(&chrono_tz::Europe::Bucharest).date_naive()
}

pub(super) fn check_rules(cx: &Context, partner: &Partner, order: &InitOrder) -> Result<(), FlowError> {
    let mut problems = Vec::new();
    if let Some(code) = &order.debtor_bank {
        problems.extend(bank_problem(cx, code, order, partner.currency));
    }
    let is_debtors = |i: &Instruction| order.debtor_iban.as_ref() == Some(&i.creditor_iban);
    if order.instructions.iter().any(is_debtors) {
        problems.push(FieldProblem::new(
            "debtorIban",
            "SAME_ACCOUNT",
            "debtor and creditor account are the same",
        ));
    }
    if order.instructions.iter().any(|i| i.amount.currency != partner.currency) {
        problems.push(FieldProblem::new("amount", "CURRENCY", "the currency is not the partner's"));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(FlowError::AgainstRules(problems))
    }
}

fn bank_problem(cx: &Context, code: &str, order: &InitOrder, currency: Currency) -> Option<FieldProblem> {
    let (word, message) = match cx.banks.get(code) {
        None => ("UNKNOWN_BANK", "there is no bank of this code; the banks call lists them"),
        Some(bank) => match cannot_take(bank, currency, order.instructions.len(), order.schedule.is_some())? {
            CannotTake::Currency => ("OTHER_CURRENCY", "this bank makes no payments in this currency"),
            CannotTake::Several => ("NO_SEVERAL_PAYMENTS", "this bank takes one payment in an authorisation"),
            CannotTake::StandingOrder => ("NO_STANDING_ORDERS", "this bank takes no standing orders"),
        },
    };
    Some(FieldProblem::new("debtorBank", word, message))
}

/// Whether a bank makes payments in this currency.
#[must_use]
pub fn serves(bank: &Bank, currency: Currency) -> bool {
    bank.currency == currency
}

/// Why a bank cannot be given an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotTake {
    /// Its payments are in another currency.
    Currency,
    /// It takes one instruction in an authorisation.
    Several,
    /// It takes no standing orders.
    StandingOrder,
}

/// Why this bank cannot be given such an order; `None` when it can.
#[must_use]
pub fn cannot_take(bank: &Bank, currency: Currency, instructions: usize, is_standing_order: bool) -> Option<CannotTake> {
    if !serves(bank, currency) {
        Some(CannotTake::Currency)
    } else if instructions > 1 && !bank.facts.takes_bulk {
        Some(CannotTake::Several)
    } else if is_standing_order && !bank.facts.takes_standing_orders {
        Some(CannotTake::StandingOrder)
    } else {
        None
    }
}
