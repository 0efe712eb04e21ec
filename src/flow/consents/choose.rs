//! „Alege contul din bancă”: a consent of our own, used once, with which the payer picks the account to pay from
//! on a payment's page. What was typed into the form before is kept with it, sealed.
//!
//! **Invariant:** accounts are shown only to the browser the payment is bound to, and only after its PSU has been
//! at the bank, or has approved there what our page passed on; a bank that shows a partner's own accounts without that shows none here. The answer about funds
//! warns, and never stops anybody.

use super::call::WRONG_CODES;
use super::call::{Moves, claim_when, read, save, session, try_claim};
use super::read::{Found, Question, ask, ask_claimed};
use super::revoke::end;
use super::step::{self, OpenStep, open_step};
use super::tokens::new_consent;
use super::visit::{Then, ask_bank, step_back};
use super::{ConsentError, init::shows_accounts};
use crate::bank::accounts::{Account, Page};
use crate::bank::{PsuReply, PsuStep};
use crate::consent::{ConsentId, Status};
use crate::crypto;
use crate::flow::init_payment::today;
use crate::flow::submit_payment::PsuDevice;
use crate::flow::verdict::PSU_ID_REFUSED;
use crate::flow::{Context, FlowError};
use crate::payment::{self, Amount, Iban, Language, PaymentId};
use crate::store::consents::{self, Consent};
use crate::store::payments::Payment;
use serde::{Deserialize, Serialize};
use url::Url;

/// How often one payment's payer may begin.
const MOST_TRIES: i64 = 10;
/// Most parts of a list of accounts that are read.
const MOST_PAGES: usize = 5;
/// For so many accounts the balance is asked for where the list did not bring it.
const MOST_BALANCES: usize = 10;

/// What is kept with the consent for the payment's page.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Kept {
    /// What was typed into the form; only the page reads it.
    form: serde_json::Value,
    /// How often the payment had been sent to a bank then: what was typed before a later attempt is stale.
    attempts: i32,
    /// The accounts that can be picked.
    accounts: Option<Vec<Account>>,
    /// They could not be read.
    failed: bool,
    /// What was picked.
    picked: Option<Iban>,
    /// The bank says that there is not enough there.
    low: bool,
}

fn kept(consent: &Consent) -> Result<Kept, FlowError> {
    let kept = consent.page.as_deref().map(serde_json::from_str).transpose()?;
    Ok(kept.unwrap_or_default())
}

/// What came of choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// An account was picked.
    Picked {
        /// The bank says that there may not be enough on it.
        low: bool,
    },
    /// The PSU did not let us see the accounts.
    NotGiven,
    /// The bank could not be asked, or its answer could not be used.
    Failed,
    /// The bank does not know the PSU by the user code.
    UserCodeRefused,
}

/// What was typed into a payment's form before, and what came of choosing an account.
#[derive(Clone)]
pub struct BeforeChoice {
    /// The form as the page gave it.
    pub form: serde_json::Value,
    /// The account picked since.
    pub picked: Option<Iban>,
    /// The bank of the accounts.
    pub bank: String,
    /// What came of it.
    pub outcome: Outcome,
}

impl std::fmt::Debug for BeforeChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BeforeChoice")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Choosing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Choosing")
    }
}

/// What the page about choosing shows.
pub enum Choosing {
    /// The form: there is nothing (more) to choose.
    Form,
    /// The way to the bank.
    GoToBank {
        /// The bank's code.
        bank: String,
        /// Its page.
        url: Url,
    },
    /// What the PSU must do here or in the bank's app; without a step the bank has not decided yet.
    Step {
        /// The bank's code.
        bank: String,
        /// What is to be done.
        open: OpenStep,
        /// For the page to know when this has changed.
        shown: String,
    },
    /// The accounts.
    Accounts {
        /// The bank's code.
        bank: String,
        /// Those with a number, the ones in the payment's currency first.
        accounts: Vec<Account>,
    },
}

/// Whether the payer of this payment can choose an account now.
fn is_open(payment: &Payment, browser_hash: &str, cx: &Context) -> Result<bool, FlowError> {
    if payment.browser_hash.as_deref() != Some(browser_hash) {
        return Err(FlowError::NotFound);
    }
    let open = matches!(payment.status, payment::Status::Created | payment::Status::AttemptRefused);
    Ok(open && payment.expires_at > cx.now())
}

/// Begins: keeps what was typed, and asks the bank for the consent.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`ConsentError::NotOffered`] when the bank shows
/// no accounts; [`FlowError::TooMany`] after too many tries; [`FlowError::NotAllowed`] when the payment has moved on.
pub async fn begin(
    cx: &Context,
    id: PaymentId,
    psu: &PsuDevice,
    bank: &str,
    form: serde_json::Value,
    language: Language,
) -> Result<(), ConsentError> {
    let (payment, _) = cx.payment(id).await?;
    if !is_open(&payment, &psu.browser_hash, cx)? {
        return Err(FlowError::NotAllowed.into());
    }
    cx.look_at_banks().await?;
    if cx.closure_of(bank).is_some() || !cx.banks.get(bank).is_some_and(shows_accounts) {
        return Err(ConsentError::NotOffered);
    }
    let (tries, last) = cx
        .db
        .read(move |a| Ok((consents::count_for(a, id)?, consents::newest_for(a, id)?)))
        .await?;
    if tries >= MOST_TRIES {
        return Err(FlowError::TooMany.into());
    }
    if let Some(last) = last {
        put_away(cx, last.id).await?;
    }
    let page = Kept {
        form,
        attempts: payment.attempts,
        ..Kept::default()
    };
    let consent_id = ConsentId::from_random(crypto::random());
    let consent = Consent {
        browser_hash: Some(psu.browser_hash.clone()),
        bank_code: Some(bank.to_owned()),
        language: Some(language),
        valid_until: Some(today(cx.now())),
        page: Some(serde_json::to_string(&page)?),
        ..new_consent(cx, consent_id, &payment.partner_id, Some(id))
    };
    let row = consent.clone();
    cx.db.write(move |a| consents::add(a, &row)).await?;
    let Some(consent) = try_claim(cx, consent).await? else {
        return Err(FlowError::Busy.into());
    };
    let consent = ask_bank(cx, consent, psu).await?;
    if consent.status == Status::Valid {
        // Nobody was asked: these are not accounts of whoever holds the link.
        put_away(cx, consent.id).await?;
        return Err(ConsentError::NotOffered);
    }
    Ok(())
}

/// Ends a consent of ours that has not ended.
async fn put_away(cx: &Context, id: ConsentId) -> Result<(), FlowError> {
    if let Some(consent) = claim_when(cx, id, |c| !c.status.is_final()).await? {
        end(cx, consent, "psu").await?;
    }
    Ok(())
}

async fn newest(cx: &Context, payment: PaymentId, browser_hash: &str) -> Result<Option<Consent>, FlowError> {
    let newest = cx.db.read(move |a| consents::newest_for(a, payment)).await?;
    Ok(newest.filter(|c| c.browser_hash.as_deref() == Some(browser_hash)))
}

/// What the page about choosing shows; reads the accounts when the consent has just become valid.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's.
pub async fn show(cx: &Context, id: PaymentId, browser_hash: &str) -> Result<Choosing, FlowError> {
    let (payment, _) = cx.payment(id).await?;
    if !is_open(&payment, browser_hash, cx)? {
        return Ok(Choosing::Form);
    }
    let Some(mut consent) = newest(cx, id, browser_hash).await? else {
        return Ok(Choosing::Form);
    };
    if kept(&consent)?.attempts != payment.attempts {
        return Ok(Choosing::Form);
    }
    if consent.status == Status::Valid && kept(&consent)?.accounts.is_none() {
        read_accounts(cx, consent.id, payment.currency.code()).await?;
        (consent, _) = read(cx, consent.id).await?;
    }
    let bank = consent.bank_code.clone().unwrap_or_default();
    let in_time = consent.expires_at > cx.now();
    Ok(match consent.status {
        Status::AwaitingPsu if in_time => match open_step(&consent)? {
            OpenStep {
                step: Some(PsuStep::GoToBank { url }),
                ..
            } => Choosing::GoToBank { bank, url },
            open => Choosing::Step {
                bank,
                open,
                shown: step::fingerprint(&consent, cx.now()),
            },
        },
        Status::Valid if in_time => match kept(&consent)?.accounts {
            Some(accounts) => Choosing::Accounts { bank, accounts },
            None => Choosing::Form,
        },
        _ => Choosing::Form,
    })
}

/// Reads the accounts with their balances and keeps them, once; what cannot be read ends the consent.
async fn read_accounts(cx: &Context, id: ConsentId, currency: &str) -> Result<(), FlowError> {
    let unread = |c: &Consent| c.status == Status::Valid && kept(c).is_ok_and(|k| k.accounts.is_none());
    let (mut accounts, mut page) = (Vec::new(), None);
    let mut failed = false;
    for _ in 0..MOST_PAGES {
        let Some(consent) = claim_when(cx, id, unread).await? else {
            return Ok(());
        };
        match ask_claimed(cx, consent, &Question::Accounts(page.take())).await?.result {
            Ok(Found::Accounts(Page { items, next })) => {
                accounts.extend(items);
                page = next;
            }
            _ => failed = true,
        }
        if failed || page.is_none() {
            break;
        }
    }
    accounts.retain(|account| account.iban.is_some());
    accounts.sort_by_key(|account| account.currency != currency);
    let without = |a: &&mut Account| a.balances.is_empty() && a.currency == currency;
    for account in accounts.iter_mut().filter(without).take(MOST_BALANCES) {
        let Some(consent) = claim_when(cx, id, unread).await? else {
            return Ok(());
        };
        if let Ok(Found::Balances(balances)) = ask_claimed(cx, consent, &Question::Balances(account.id.clone())).await?.result {
            account.balances = balances;
        }
    }
    let Some(mut consent) = claim_when(cx, id, |c| !c.status.is_final()).await? else {
        return Ok(());
    };
    let mut page = kept(&consent)?;
    failed |= accounts.is_empty();
    (page.failed, page.accounts) = (failed, (!failed).then_some(accounts));
    consent.page = Some(serde_json::to_string(&page)?);
    if failed {
        return end(cx, consent, "bank").await.map(drop);
    }
    save(cx, consent, Moves::default()).await.map(drop)
}

/// The payer picks an account. The bank is asked whether there is enough on it, where it answers that; then the
/// consent ends.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::NotAllowed`] when it is not one of
/// the accounts shown, or not in the payment's currency.
pub async fn pick(cx: &Context, id: PaymentId, browser_hash: &str, account: &str) -> Result<(), FlowError> {
    let (payment, _) = cx.payment(id).await?;
    if !is_open(&payment, browser_hash, cx)? {
        return Ok(());
    }
    let Some(consent) = newest(cx, id, browser_hash).await? else {
        return Ok(());
    };
    let Some(mut consent) = claim_when(cx, consent.id, |c| c.status == Status::Valid).await? else {
        return Ok(());
    };
    let mut page = kept(&consent)?;
    let listed = page
        .accounts
        .iter()
        .flatten()
        .find(|a| a.id == account && a.currency == payment.currency.code());
    let Some(iban) = listed.and_then(|a| a.iban.clone()) else {
        save(cx, consent, Moves::default()).await?;
        return Err(FlowError::NotAllowed);
    };
    page.low = has_too_little(cx, &mut consent, &iban, amount_of(&payment, &page)).await?;
    (page.picked, page.accounts) = (Some(iban), None);
    consent.page = Some(serde_json::to_string(&page)?);
    end(cx, consent, "psu").await.map(drop)
}

/// What is to be paid: what was typed, where the payer may change it.
fn amount_of(payment: &Payment, page: &Kept) -> Option<Amount> {
    let typed = page.form.get("amount").and_then(serde_json::Value::as_str).unwrap_or_default();
    let typed = Amount::parse_typed(typed, payment.currency).ok();
    typed.filter(|_| payment.instructions.len() == 1).or_else(|| payment.total())
}

/// Whether the bank says that there is not enough; a bank that does not say so warns of nothing.
async fn has_too_little(cx: &Context, consent: &mut Consent, iban: &Iban, amount: Option<Amount>) -> Result<bool, FlowError> {
    let bank = consent.bank_code.as_deref().and_then(|code| cx.banks.get(code));
    let Some(bank) = bank.filter(|b| b.facts.offers_funds) else {
        return Ok(false);
    };
    let (Some(session), Some(connector), Some(amount)) = (session(consent)?, bank.connector(), amount) else {
        return Ok(false);
    };
    let read = ask(connector, &session, &Question::Funds(iban.clone(), amount)).await;
    consent.session = Some(serde_json::to_string(&read.session)?);
    Ok(matches!(read.result, Ok(Found::Funds(false))))
}

/// What the page about choosing shows now, as [`step::fingerprint`] names it; `None` when it shows the form.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's.
pub async fn shown(cx: &Context, id: PaymentId, browser_hash: &str) -> Result<Option<String>, FlowError> {
    let (payment, _) = cx.payment(id).await?;
    if !is_open(&payment, browser_hash, cx)? {
        return Ok(None);
    }
    let newest = newest(cx, id, browser_hash).await?;
    Ok(newest.map(|consent| step::fingerprint(&consent, cx.now())))
}

/// What the payer did on our page for the bank of the accounts: a code, another code, a method.
///
/// # Errors
/// As [`step::answer`].
pub async fn answer(cx: &Context, id: PaymentId, browser_hash: &str, reply: PsuReply) -> Result<(), FlowError> {
    let (payment, _) = cx.payment(id).await?;
    if !is_open(&payment, browser_hash, cx)? {
        return Ok(());
    }
    match newest(cx, id, browser_hash).await? {
        Some(consent) => step::answer(cx, consent.id, browser_hash, reply).await,
        None => Ok(()),
    }
}

/// The payer goes back to the form without picking.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's.
pub async fn leave(cx: &Context, id: PaymentId, browser_hash: &str) -> Result<(), FlowError> {
    let (payment, _) = cx.payment(id).await?;
    if payment.browser_hash.as_deref() != Some(browser_hash) {
        return Err(FlowError::NotFound);
    }
    let Some(consent) = newest(cx, id, browser_hash).await? else {
        return Ok(());
    };
    if consent.status == Status::Valid {
        return put_away(cx, consent.id).await;
    }
    step_back(cx, consent.id, browser_hash, Then::Refuse).await
}

/// What was typed into the form of this payment before an account was chosen, for its own browser.
///
/// # Errors
/// [`FlowError::Internal`] of the database or a stored value.
pub async fn before_choice(cx: &Context, payment: &Payment) -> Result<Option<BeforeChoice>, FlowError> {
    let Some(browser) = payment.browser_hash.as_deref() else {
        return Ok(None);
    };
    let Some(consent) = newest(cx, payment.id, browser).await? else {
        return Ok(None);
    };
    let page = kept(&consent)?;
    if page.attempts != payment.attempts {
        return Ok(None);
    }
    let outcome = match consent.status {
        _ if page.picked.is_some() => Outcome::Picked { low: page.low },
        _ if page.failed => Outcome::Failed,
        Status::Created => match consent.notice.as_deref() {
            None => Outcome::Open,
            Some(WRONG_CODES) => Outcome::NotGiven,
            Some(PSU_ID_REFUSED) => Outcome::UserCodeRefused,
            Some(_) => Outcome::Failed,
        },
        Status::Refused | Status::Abandoned | Status::Ended => Outcome::NotGiven,
        _ => Outcome::Open,
    };
    Ok(Some(BeforeChoice {
        form: page.form,
        picked: page.picked,
        bank: consent.bank_code.unwrap_or_default(),
        outcome,
    }))
}
