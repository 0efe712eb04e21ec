//! The PSU presses „Plătește”: the intent is written, then the order goes to the bank, once.

use super::bank_call::{Call, History, Told, connector, finish, finish_and_keep, save, session, told};
use super::edit_instruction::{EditedInstruction, giro, is_as_shown};
use super::init_payment::cannot_take;
use super::limits::{judge_and_count, note};
use super::open_page::is_too_late_to_begin;
use super::verdict::{PSU_ID_REFUSED, detail_of, internal, refusal_notice};
use super::withdrawal::{Withdrawal, withdraw_at_bank};
use super::{Context, FieldProblem, FlowError, after, webhooks};
use crate::bank::{BankError, PaymentInitiation as _, PsuContext, PsuReply, PsuStep, Verdict, refusal};
use crate::crypto;
use crate::fail_point;
use crate::partner::{Field, Partner};
use crate::payment::limits::Stage;
use crate::payment::{Event, Iban, Language, Order, PaymentId, Status};
use crate::store::payments::{self, Claim, Payment};
use crate::store::{StoreError, instructions};
use secrecy::SecretString;
use std::net::IpAddr;
use std::time::Duration;
use uuid::Uuid;

/// What the PSU confirmed, checked by the page's rules.
#[derive(Clone)]
pub struct ConfirmedOrder {
    /// What the PSU made of the one instruction; `None` where there are several, which are edited one by one
    /// before ([`super::edit_instruction`]).
    pub instruction: Option<EditedInstruction>,
    /// Hash of the instructions that the PSU was shown ([`super::edit_instruction::shown_hash`]); needed where there are several.
    pub shown: Option<String>,
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
    /// The id by which the bank knows the PSU, where the bank wants one.
    pub psu_id: Option<SecretString>,
}

/// Sends the order to the bank. A payment that is already being sent, or was sent, is left as it is: the
/// page shows where it stands.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::Busy`] when another tab is at it;
/// [`FlowError::OtherContent`] when the order is not the one the PSU was shown; [`FlowError::AgainstRules`] when
/// the bank cannot be given such an order or is switched off.
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
    let open = matches!(payment.status, Status::Created | Status::AttemptRefused);
    if !open || payment.expires_at <= cx.now() || is_too_late_to_begin(cx, &payment) {
        return Ok(());
    }
    cx.look_at_banks().await?;
    check(cx, &payment, &confirmed)?;
    let state = crypto::new_token();
    fail_point::may_die("submit_before_intent");
    let intent = write_intent(cx, payment, &partner, confirmed, &state, tampered).await?;
    // A figure of the partner may have stopped it: the page says so.
    let Some(payment) = intent.filter(|p| p.status == Status::Initiating) else {
        return Ok(());
    };
    fail_point::may_die("submit_after_intent");
    let told = match connector(cx, &payment) {
        Ok(bank) => {
            let order = order_of(&payment);
            let psu = PsuContext {
                ip: psu.ip,
                user_agent: psu.user_agent.clone(),
                return_url: cx.return_url(payment.bank_code.as_deref().unwrap_or_default())?,
                state,
                seed: crypto::random(),
                psu_id: psu.psu_id.clone(),
            };
            told(id, bank.initiate(&order, &psu)).await
        }
        Err(_) => Told {
            result: Err(BankError::Unsupported),
            request_id: None,
        },
    };
    fail_point::may_die("submit_unsaved");
    let claim = Claim { payment };
    match &told.result {
        Ok(answer) if answer.verdict == Verdict::PsuNeeded(PsuStep::Begin) => begin(cx, claim, told, psu.psu_id.clone()).await?,
        _ => finish(cx, claim, Call::Initiate, told).await.map(drop)?,
    }
    fail_point::may_die("submit_saved");
    Ok(())
}

/// The page has checked this too; here it is checked against the very version that is sent.
fn check(cx: &Context, payment: &Payment, confirmed: &ConfirmedOrder) -> Result<(), FlowError> {
    let several = payment.instructions.len() > 1;
    if !is_as_shown(payment, confirmed.shown.as_deref()) || several == confirmed.instruction.is_some() {
        return Err(FlowError::OtherContent);
    }
    if cx.closure_of(&confirmed.bank_code).is_some() {
        let words = "the bank is switched off";
        return Err(FlowError::AgainstRules(vec![FieldProblem::new("bank", "BANK_OFF", words)]));
    }
    let bank = cx.banks.get(&confirmed.bank_code);
    if bank.is_some_and(|bank| cannot_take(bank, payment.currency, payment.instructions.len(), payment.schedule.is_some()).is_some()) {
        let words = "the bank takes no such order";
        return Err(FlowError::AgainstRules(vec![FieldProblem::new(
            "bank",
            "BANK_CANNOT_TAKE_IT",
            words,
        )]));
    }
    Ok(())
}

/// The order is at the bank, and its authorisation must be started by a call of its own. The order is saved
/// first: a request for approval never goes out for an order that a crash could make us forget.
async fn begin(cx: &Context, claim: Claim, initiated: Told, psu_id: Option<SecretString>) -> Result<(), FlowError> {
    let claim = finish_and_keep(cx, claim, Call::Initiate, initiated).await?;
    fail_point::may_die("begin_saved");
    let Some(session) = session(&claim.payment)? else {
        return Err(FlowError::Internal(format!("payment {} has no session", claim.payment.id)));
    };
    let (bank, start) = (connector(cx, &claim.payment)?, PsuReply::Begin { psu_id });
    let told = told(claim.payment.id, bank.reply(&session, &start)).await;
    fail_point::may_die("begin_unsaved");
    match &told.result {
        Err(error) => not_begun(cx, claim.payment, error, told.request_id).await,
        Ok(_) => finish(cx, claim, Call::Begin, told).await.map(drop),
    }
}

/// The PSU was not asked. The order is withdrawn, and the PSU may try again; where the bank does not confirm
/// that, the page offers to withdraw it.
async fn not_begun(cx: &Context, mut payment: Payment, error: &BankError, request_id: Option<Uuid>) -> Result<(), FlowError> {
    tracing::warn!(payment = %payment.id, %error, "the authorisation was not started");
    let mut history = History::default();
    history.heard_by(request_id);
    history.note(&payment, "not_begun", "bank", Some(detail_of(error)));
    payment.notice = Some(
        match error {
            error if refusal::is_of_psu_id(error, true) => PSU_ID_REFUSED,
            BankError::Refused { status, .. } => refusal_notice(*status),
            _ => "bank_unavailable",
        }
        .into(),
    );
    if let Some(session) = session(&payment)?
        && withdraw_at_bank(cx, &mut payment, &session, &mut history).await? == Withdrawal::Confirmed
    {
        history
            .advance(&mut payment, Event::AttemptWithdrawn, "bank", None)
            .map_err(internal)?;
    }
    save(cx, payment, history, cx.now(), Duration::ZERO).await.map(drop)
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
            let mut payment = payment;
            confirm(&mut payment, &partner, confirmed);
            let breaches = judge_and_count(a, &payment, Stage::Sent, payment.attempts > 0, now)?;
            let mut payment = payments::claim(a, payment, now, until)?.payment;
            if note(&mut payment, &mut history, &breaches, "psu", now).map_err(|_| StoreError::Conflict)? {
                let blocked = payments::save_order(a, &payment, &history.entries, now, false)?;
                webhooks::record(a, &blocked, &history.entries, now)?;
                return Ok(blocked);
            }
            payment.attempts += 1;
            payment.callback_hash = Some(callback_hash);
            forget_last_attempt(&mut payment);
            let bank = payment.bank_code.clone();
            if history.advance(&mut payment, Event::SubmitStarted, "psu", bank).is_err() {
                return Err(StoreError::Conflict);
            }
            payment.due_at = Some(until);
            // The PSU gets the whole time at the bank, however long the form took.
            payment.expires_at = expires_at;
            if payment.instructions.len() == 1 {
                return payments::save_order(a, &payment, &history.entries, now, true);
            }
            instructions::forget_words(a, payment.id)?;
            payments::save(a, &payment, &history.entries, &[], now, true)
        })
        .await;
    match written {
        Ok(payment) => Ok(Some(payment)),
        Err(StoreError::Conflict | StoreError::Busy) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// What belongs to the order of an earlier attempt must not be taken for this one's.
fn forget_last_attempt(payment: &mut Payment) {
    payment.notice = None;
    payment.reason = None;
    payment.bank_word = None;
    payment.bank_payment_id = None;
    payment.bank_session = None;
    payment.psu_step = None;
    payment.code_tries = 0;
    payment.instruction_words.fill(None);
    payment.instruction_texts.fill(None);
}

/// Takes over what the PSU may change, by the partner's kind: decided again here, not by what came in.
fn confirm(payment: &mut Payment, partner: &Partner, confirmed: ConfirmedOrder) {
    if let (Some(edited), [known]) = (confirmed.instruction, payment.instructions.as_mut_slice()) {
        *known = edited.over(known, partner.kind);
    }
    payment.debtor_iban = Some(confirmed.debtor_iban);
    payment.bank_code = Some(confirmed.bank_code);
    payment.psu_email = Some(confirmed.email);
    payment.language = Some(confirmed.language);
    payment.terms_accepted = true;
    payment.confirmed_hash = Some(confirmed_hash(payment));
}

/// Hash of the confirmed tuple: bank, debtor, and per instruction creditor, amount, details and, in Serbia, the rest.
#[must_use]
pub fn confirmed_hash(payment: &Payment) -> String {
    let mut text = format!(
        "{}|{}",
        payment.bank_code.as_deref().unwrap_or_default(),
        payment.debtor_iban.as_ref().map_or("", Iban::electronic)
    );
    for i in &payment.instructions {
        text.push_str(&format!(
            "\n{}|{}|{}|{}|{}{}",
            i.creditor_iban.electronic(),
            i.amount.wire(),
            i.amount.currency,
            i.creditor_name,
            i.details,
            giro(i)
        ));
    }
    crypto::token_hash(&text)
}

fn order_of(payment: &Payment) -> Order {
    Order {
        payment: payment.id,
        partner: payment.partner_id.clone(),
        attempt: u32::try_from(payment.attempts).unwrap_or(1),
        debtor_iban: payment.debtor_iban.clone(),
        instructions: payment.instructions.clone(),
        schedule: payment.schedule,
    }
}
