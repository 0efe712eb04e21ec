//! The PSU at the consent's page: opens the link, goes to the bank, comes back, or says no.

use super::call::{Moves, claim_when, connector, hear, read, save, save_and_keep, session};
use super::revoke::tell_bank;
use super::step::{end_attempt, take_back};
use super::{ConsentError, init::offers};
use crate::bank::accounts::{AccountInformation as _, ConsentKind, ConsentRequest, ConsentVerdict};
use crate::bank::{BankError, PsuContext, PsuReply, PsuStep, refusal};
use crate::consent::terms::last_day;
use crate::consent::{ConsentId, Event, Kind, Status};
use crate::crypto;
use crate::flow::init_payment::today;
use crate::flow::submit_payment::PsuDevice;
use crate::flow::verdict::{PSU_ID_REFUSED, refusal_notice};
use crate::flow::{Context, FlowError, after};
use crate::partner::Partner;
use crate::payment::Language;
use crate::store::consents::{self, Consent};
use secrecy::SecretString;
use uuid::Uuid;

/// Ids under which consents are known to connectors live in a name space of their own (RFC 9562 section 5.5).
const CONSENT_IDS: Uuid = Uuid::from_u128(0x1f6d_8a90_35c4_4b1e_a7d2_60b9_e85f_c314);

/// Who opened it.
#[derive(Debug)]
pub enum Opened {
    /// The browser the link is bound to (perhaps just now).
    Bound(Box<Consent>, Box<Partner>),
    /// Another browser: it must learn nothing.
    OtherBrowser,
}

/// Opens a consent's page and binds the link to this browser when it is the first. What is known of the banks is fresh
/// afterwards.
///
/// # Errors
/// [`FlowError::NotFound`] for a wrong link, the same for every kind of wrong.
pub async fn open_consent(cx: &Context, id: ConsentId, state: &str, browser_hash: &str) -> Result<Opened, FlowError> {
    let (mut consent, partner) = read(cx, id).await?;
    let right = consent.link_state.as_deref().is_some_and(|known| crypto::same(known, state));
    if !right || consent.payment.is_some() {
        return Err(FlowError::NotFound);
    }
    if consent.browser_hash.is_none() {
        let hash = browser_hash.to_owned();
        cx.db.write(move |a| consents::bind_browser(a, id, &hash)).await?;
        (consent, _) = read(cx, id).await?;
    }
    if consent.browser_hash.as_deref() != Some(browser_hash) {
        return Ok(Opened::OtherBrowser);
    }
    cx.look_at_banks().await?;
    Ok(Opened::Bound(Box::new(consent), Box::new(partner)))
}

/// Asks the bank for the consent. One for which a bank was asked already is left as it is: the page shows where
/// it stands.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`ConsentError::NotOffered`] when the bank does
/// not do that; [`FlowError::Busy`] when another tab is at it.
pub async fn go_to_bank(cx: &Context, id: ConsentId, psu: &PsuDevice, bank: &str, language: Language) -> Result<(), ConsentError> {
    let (consent, _) = read(cx, id).await?;
    if consent.browser_hash.as_deref() != Some(&psu.browser_hash) {
        return Err(FlowError::NotFound.into());
    }
    cx.look_at_banks().await?;
    if cx.closure_of(bank).is_some() || !cx.banks.get(bank).is_some_and(|b| offers(b, consent.kind)) {
        return Err(ConsentError::NotOffered);
    }
    let now = cx.now();
    let open = |c: &Consent| c.status == Status::Created && c.expires_at > now;
    let Some(mut consent) = claim_when(cx, id, open).await? else {
        return Ok(());
    };
    consent.bank_code = Some(bank.to_owned());
    consent.language = Some(language);
    ask_bank(cx, consent, psu).await?;
    Ok(())
}

/// Asks the bank of a claimed consent for it, and saves what it says. The intent is on the disk before the call
/// leaves; what a crash leaves at the bank nobody has consented to.
pub(super) async fn ask_bank(cx: &Context, mut consent: Consent, psu: &PsuDevice) -> Result<Consent, FlowError> {
    let (state, now) = (crypto::new_state(), cx.now());
    consent.attempts = consent.attempts.saturating_add(1);
    consent.callback_hash = Some(crypto::token_hash(&state));
    consent.notice = None;
    consent.reason = None;
    consent.psu_step = None;
    consent.session = None;
    // The PSU gets the whole time at the bank, however long the page was looked at.
    consent.expires_at = after(now, cx.rules.link_life);
    let mut consent = save_and_keep(cx, consent, Moves::default()).await?;
    let context = PsuContext {
        ip: psu.ip,
        user_agent: psu.user_agent.clone(),
        return_url: cx.return_url(consent.bank_code.as_deref().unwrap_or_default())?,
        state,
        seed: crypto::random(),
        psu_id: psu.psu_id.clone(),
    };
    let bank = connector(cx, &consent)?;
    let mut moves = Moves::default();
    match bank.request_consent(&request(&consent, today(now)), &context).await {
        Ok(answer) => {
            let begins = answer.verdict == ConsentVerdict::PsuNeeded(PsuStep::Begin);
            hear(&mut consent, &mut moves, answer, false)?;
            if begins {
                consent = save_and_keep(cx, consent, std::mem::take(&mut moves)).await?;
                begin(cx, &mut consent, &mut moves, psu.psu_id.clone()).await?;
            }
        }
        Err(error) => {
            tracing::warn!(consent = %consent.id, %error, "asking for a consent");
            consent.notice = Some(word_for(cx, &consent, &error, false).into());
        }
    }
    end_attempt(cx, &mut consent, &mut moves).await?;
    save(cx, consent, moves).await
}

/// Starts the authorisation at a bank that wants a call of its own for it. The session is on the disk, so that no
/// request for approval goes out for a consent that a crash could make us forget.
async fn begin(cx: &Context, consent: &mut Consent, moves: &mut Moves, psu_id: Option<SecretString>) -> Result<(), FlowError> {
    let Some(session) = session(consent)? else { return Ok(()) };
    let begun = connector(cx, consent)?
        .reply_to_consent(&session, &PsuReply::Begin { psu_id })
        .await;
    match begun {
        Ok(answer) => hear(consent, moves, answer, false),
        Err(error) => {
            tracing::warn!(consent = %consent.id, %error, "starting the authorisation of a consent");
            let word = word_for(cx, consent, &error, true);
            take_back(cx, consent, moves, "bank", Some(word)).await
        }
    }
}

/// The word for the page when the bank did not take the request. `began` says that it was the start of the
/// authorisation, which carries nothing of the PSU but the id.
fn word_for(cx: &Context, consent: &Consent, error: &BankError, began: bool) -> &'static str {
    let bank = consent.bank_code.as_deref().and_then(|code| cx.banks.get(code));
    if bank.is_some_and(|b| b.facts.requires_psu_id) && refusal::is_of_psu_id(error, began) {
        return PSU_ID_REFUSED;
    }
    match error {
        BankError::Refused { status, .. } => refusal_notice(*status),
        _ => "bank_unavailable",
    }
}

fn request(consent: &Consent, today: chrono::NaiveDate) -> ConsentRequest {
    ConsentRequest {
        consent: Uuid::new_v5(&CONSENT_IDS, format!("{}/{}", consent.id, consent.attempts).as_bytes()),
        partner: consent.partner_id.clone(),
        kind: match consent.kind {
            Kind::Accounts => ConsentKind::Accounts,
            Kind::Funds => ConsentKind::Funds,
        },
        valid_until: consent.valid_until.unwrap_or_else(|| last_day(today)),
        recurring: consent.recurring,
    }
}

/// What the PSU wants who does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Not to give the consent.
    Refuse,
    /// Another bank.
    AnotherBank,
}

/// The PSU says no, or wants another bank. A consent that is given already is not taken back here.
///
/// # Errors
/// [`FlowError::NotFound`] when the link is not this browser's; [`FlowError::Busy`] when it is in use right now.
pub async fn step_back(cx: &Context, id: ConsentId, browser_hash: &str, then: Then) -> Result<(), FlowError> {
    let (consent, _) = read(cx, id).await?;
    if consent.browser_hash.as_deref() != Some(browser_hash) {
        return Err(FlowError::NotFound);
    }
    let open = |c: &Consent| match then {
        Then::Refuse => matches!(c.status, Status::Created | Status::AwaitingPsu),
        Then::AnotherBank => c.status == Status::AwaitingPsu,
    };
    let Some(mut consent) = claim_when(cx, id, open).await? else {
        return Ok(());
    };
    let mut moves = Moves::default();
    match then {
        Then::Refuse => {
            consent.reason = Some("psu_declined".into());
            moves.advance(&mut consent, Event::Refused, "psu")?;
            let consent = save_and_keep(cx, consent, moves).await?;
            tell_bank(cx, consent).await?;
        }
        Then::AnotherBank => {
            take_back(cx, &mut consent, &mut moves, "psu", None).await?;
            save(cx, consent, moves).await?;
        }
    }
    Ok(())
}

/// Where a return from a bank belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// To a consent of this browser, and the payment whose page it belongs to, if one.
    Here(ConsentId, Option<crate::payment::PaymentId>),
    /// To no consent, or to one of another browser. What it brought is not used then: with it, the PSU would give
    /// access to the own accounts to whoever began the consent.
    Elsewhere,
}

/// The PSU comes back from the bank's page. The return proves nothing: the bank is asked.
///
/// # Errors
/// [`FlowError::Busy`] when something else happens to the consent right now.
pub async fn came_back(
    cx: &Context,
    bank_code: &str,
    query: Vec<(String, String)>,
    browser_hash: Option<&str>,
) -> Result<Returned, FlowError> {
    let Some((_, state)) = query.iter().find(|(name, _)| name == "state") else {
        return Ok(Returned::Elsewhere);
    };
    let hash = crypto::token_hash(state);
    let Some(id) = cx.db.read(move |a| consents::by_callback(a, &hash)).await? else {
        return Ok(Returned::Elsewhere);
    };
    let (consent, _) = read(cx, id).await?;
    let right_bank = consent.bank_code.as_deref() == Some(bank_code);
    if browser_hash.is_none() || consent.browser_hash.as_deref() != browser_hash || !right_bank {
        tracing::info!(consent = %id, "a return from the bank in another browser; it is not used");
        return Ok(Returned::Elsewhere);
    }
    let here = Returned::Here(id, consent.payment);
    let waits = |c: &Consent| c.status == Status::AwaitingPsu && c.session.is_some();
    let Some(mut consent) = claim_when(cx, id, waits).await? else {
        return Ok(here);
    };
    let Some(session) = session(&consent)? else { return Ok(here) };
    let mut moves = Moves::default();
    match connector(cx, &consent)?
        .reply_to_consent(&session, &PsuReply::CameBack { query })
        .await
    {
        Ok(answer) => hear(&mut consent, &mut moves, answer, true)?,
        Err(error) => {
            tracing::warn!(consent = %id, %error, "the PSU came back with a consent");
            consent.notice = Some("bank_unavailable".into());
        }
    }
    end_attempt(cx, &mut consent, &mut moves).await?;
    save(cx, consent, moves).await?;
    Ok(here)
}

/// The link of a consent, for the browser it is bound to, whose way to it was through the bank.
///
/// # Errors
/// [`FlowError::NotFound`] when it is not this browser's.
pub async fn own_path(cx: &Context, id: ConsentId, browser_hash: &str) -> Result<String, FlowError> {
    let (consent, _) = read(cx, id).await?;
    match (&consent.link_state, consent.browser_hash.as_deref()) {
        (Some(state), Some(bound)) if bound == browser_hash => Ok(format!("/account-consent?consent={id}&state={state}")),
        _ => Err(FlowError::NotFound),
    }
}
