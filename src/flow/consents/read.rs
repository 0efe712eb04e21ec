//! Reading under a consent. The partner asks one thing; the bank is asked it, and what the connector hands back
//! is saved whatever came of it.

use super::call::{Moves, claim_when, connector, end_of, hear, save, session};
use super::{ConsentError, init};
use crate::bank::accounts::{
    Account, AccountInformation as _, Balance, Beneficiary, ConsentSession, ConsentVerdict, FundsConfirmation as _, Page, Read,
    StatementFile, StatementQuery, Transaction, TransactionQuery,
};
use crate::bank::{BankError, Connector};
use crate::consent::terms::MAX_READS_A_DAY;
use crate::consent::{ConsentId, Event, Kind, Status};
use crate::crypto;
use crate::flow::init_payment::today;
use crate::flow::{Context, FlowError};
use crate::payment::{Amount, Iban};
use crate::store::consents::{self, Consent};

/// What is asked under a consent.
#[derive(Clone)]
pub enum Question {
    /// The accounts; the text is what [`Page::next`] said.
    Accounts(Option<String>),
    /// One account, by the bank's id of it.
    Account(String),
    /// An account's balances.
    Balances(String),
    /// An account's transactions.
    Transactions(String, TransactionQuery),
    /// One transaction of an account.
    Transaction(String, String),
    /// A statement of an account.
    Statement(String, StatementQuery),
    /// The PSU's name.
    Identity,
    /// Whom the PSU trusts; the text is what [`Page::next`] said.
    Beneficiaries(Option<String>),
    /// Whether an account has that much.
    Funds(Iban, Amount),
}

// They name accounts and people: printed, they are only a name.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question")
    }
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Found")
    }
}

/// What was found.
pub enum Found {
    /// Accounts.
    Accounts(Page<Account>),
    /// One account.
    Account(Account),
    /// Balances.
    Balances(Vec<Balance>),
    /// Transactions.
    Transactions(Page<Transaction>),
    /// One transaction.
    Transaction(Transaction),
    /// A statement.
    Statement(StatementFile),
    /// The PSU's name.
    Identity(String),
    /// Whom the PSU trusts.
    Beneficiaries(Page<Beneficiary>),
    /// Whether there is enough.
    Funds(bool),
}

impl Question {
    /// What is counted as read, of which the name says nothing to others; `None` for what does not count: the
    /// rest of a list, and funds confirmation, which tells nothing of the account (Directive 2015/2366 Art. 65).
    fn counted(&self) -> Option<String> {
        let (what, of) = match self {
            Self::Accounts(None) => ("accounts", ""),
            Self::Account(id) => ("account", id.as_str()),
            Self::Balances(id) => ("balances", id.as_str()),
            Self::Transactions(id, query) if query.page.is_none() => ("transactions", id.as_str()),
            Self::Transaction(_, id) => ("transaction", id.as_str()),
            Self::Statement(id, _) => ("statement", id.as_str()),
            Self::Identity => ("identity", ""),
            Self::Beneficiaries(None) => ("beneficiaries", ""),
            Self::Accounts(_) | Self::Transactions(..) | Self::Beneficiaries(_) | Self::Funds(..) => return None,
        };
        Some(crypto::token_hash(&format!("{what}|{of}")))
    }

    const fn names_account(&self) -> bool {
        !matches!(self, Self::Accounts(_) | Self::Identity | Self::Beneficiaries(_))
    }

    const fn fits(&self, kind: Kind) -> bool {
        matches!(self, Self::Funds(..)) || matches!(kind, Kind::Accounts)
    }
}

fn found<T>(read: Read<T>, as_found: impl FnOnce(T) -> Found) -> Read<Found> {
    Read {
        result: read.result.map(as_found),
        session: read.session,
    }
}

/// Asks the bank.
pub(super) async fn ask(bank: &Connector, session: &ConsentSession, question: &Question) -> Read<Found> {
    match question {
        Question::Accounts(page) => found(bank.accounts(session, page.as_deref()).await, Found::Accounts),
        Question::Account(id) => found(bank.account(session, id).await, Found::Account),
        Question::Balances(id) => found(bank.balances(session, id).await, Found::Balances),
        Question::Transactions(id, query) => found(bank.transactions(session, id, query).await, Found::Transactions),
        Question::Transaction(account, id) => found(bank.transaction(session, account, id).await, Found::Transaction),
        Question::Statement(id, query) => found(bank.statement(session, id, query).await, Found::Statement),
        Question::Identity => found(bank.identity(session).await, Found::Identity),
        Question::Beneficiaries(page) => found(bank.trusted_beneficiaries(session, page.as_deref()).await, Found::Beneficiaries),
        Question::Funds(iban, amount) => found(bank.confirm_funds(session, iban, amount).await, Found::Funds),
    }
}

/// Asks one thing under a partner's consent.
///
/// # Errors
/// [`ConsentError`] says what the caller can do; a consent that turns out to have ended at the bank is ended here.
pub async fn read(cx: &Context, id: ConsentId, question: Question) -> Result<Found, ConsentError> {
    let stored = init::stored(cx, id).await?;
    if !question.fits(stored.kind) {
        return Err(ConsentError::OtherKind);
    }
    if stored.status == Status::Valid && connector(cx, &stored).is_err() {
        return Err(ConsentError::Unavailable);
    }
    if matches!(question, Question::Funds(..)) && stored.bank_code.is_some() && !bank_confirms_funds(cx, &stored) {
        return Err(ConsentError::NotOffered);
    }
    let now = cx.now();
    let usable = |c: &Consent| c.status == Status::Valid && c.session.is_some() && end_of(c) > now;
    let Some(consent) = claim_when(cx, id, usable).await? else {
        return Err(ConsentError::NotValid);
    };
    let (day, counted) = (today(now), question.counted());
    if let Some(what) = counted.clone()
        && !cx
            .db
            .write(move |a| consents::count_read(a, id, day, &what, MAX_READS_A_DAY))
            .await?
    {
        save(cx, consent, Moves::default()).await?;
        return Err(ConsentError::TooOften);
    }
    let answer = ask_claimed(cx, consent, &question).await?;
    if let (Err(BankError::NotSent(_)), Some(what)) = (&answer.result, counted) {
        cx.db.write(move |a| consents::uncount_read(a, id, day, &what)).await?;
    }
    match answer.result {
        Ok(found) => Ok(found),
        Err(_) if answer.ended => Err(ConsentError::NotValid),
        Err(BankError::Refused { status, .. }) if matches!(status, 401 | 403 | 404) && question.names_account() => {
            Err(ConsentError::NotInConsent)
        }
        Err(error) => Err((&error).into()),
    }
}

fn bank_confirms_funds(cx: &Context, consent: &Consent) -> bool {
    let bank = consent.bank_code.as_deref().and_then(|code| cx.banks.get(code));
    bank.is_some_and(|b| b.facts.offers_funds)
}

/// What came of a question.
pub(super) struct Answered {
    /// The bank's answer.
    pub(super) result: Result<Found, BankError>,
    /// The consent turned out to be over.
    pub(super) ended: bool,
}

/// Asks one thing under a claimed consent, saves the session and releases the claim.
pub(super) async fn ask_claimed(cx: &Context, mut consent: Consent, question: &Question) -> Result<Answered, FlowError> {
    let Some(session) = session(&consent)? else {
        return Err(FlowError::Internal(format!("consent {} has no session", consent.id)));
    };
    let bank = connector(cx, &consent)?;
    let read = ask(bank, &session, question).await;
    consent.session = Some(serde_json::to_string(&read.session)?);
    let mut moves = Moves::default();
    if let Err(error) = &read.result {
        tracing::warn!(consent = %consent.id, %error, "reading under a consent");
        if doubts_consent(error, question) {
            find_out(bank, &mut consent, &read.session, &mut moves).await?;
        }
    }
    let ended = consent.status != Status::Valid;
    save(cx, consent, moves).await?;
    Ok(Answered {
        result: read.result,
        ended,
    })
}

/// Whether a refusal may mean that the consent is over, and not only that it does not cover what was asked
/// (NextGenPSD2 section 14.11: `CONSENT_INVALID` says either).
const fn doubts_consent(error: &BankError, question: &Question) -> bool {
    match error {
        BankError::Refused { status: 401, .. } => true,
        BankError::Refused { status: 403, .. } => !question.names_account(),
        _ => false,
    }
}

/// Asks the bank how the consent stands. A bank that does not let us ask any more has ended it: the token is
/// void, and nobody can get another.
async fn find_out(bank: &Connector, consent: &mut Consent, session: &ConsentSession, moves: &mut Moves) -> Result<(), FlowError> {
    match bank.ask_consent(session).await {
        Ok(answer) if answer.verdict == ConsentVerdict::Valid => hear(consent, moves, answer, false),
        Ok(answer) if matches!(answer.verdict, ConsentVerdict::Ended | ConsentVerdict::Refused(_)) => hear(consent, moves, answer, false),
        Ok(answer) => {
            consent.session = Some(serde_json::to_string(&answer.session)?);
            Ok(())
        }
        Err(BankError::Refused {
            status: 400 | 401 | 403 | 404,
            ..
        }) => {
            consent.session = None;
            moves.advance(consent, Event::Over, "bank")
        }
        Err(_) => Ok(()),
    }
}
