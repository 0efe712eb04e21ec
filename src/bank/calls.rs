//! What came of the calls to banks: noted here call by call, until a timer takes the notes away and keeps them.
//!
//! **Invariant:** a note holds nothing of a request or an answer but the status, the bank's error code and our own
//! request id; no address, no header, no words of the bank, no personal data. There are never more than
//! [`MOST_NOTES`].

use super::{BankError, http::Reply, refusal};
use crate::clock::{Clock, Timestamp};
use crate::payment::PaymentId;
use serde::de::IgnoredAny;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Most notes kept between two visits of the timer; the oldest go first.
pub const MOST_NOTES: usize = 20_000;
/// Longest error code kept, in characters.
const MAX_CODE_CHARS: usize = 35;
/// So many digits in a row may be somebody's number.
const DIGITS_OF_A_NUMBER: usize = 6;

/// What a call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An order is given to the bank.
    Order,
    /// The PSU's authorisation: begun, a method, a code, a confirmation.
    Authorisation,
    /// What became of an order or of its authorisation.
    Status,
    /// An order is cancelled.
    Withdrawal,
    /// Tokens and logins.
    Token,
    /// A consent is asked for, looked at or ended.
    Consent,
    /// Accounts, balances, transactions, statements.
    Accounts,
    /// Whether an account has enough.
    Funds,
    /// Anything else.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Order,
        Self::Authorisation,
        Self::Status,
        Self::Withdrawal,
        Self::Token,
        Self::Consent,
        Self::Accounts,
        Self::Funds,
        Self::Other,
    ];

    /// A word for the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Authorisation => "authorisation",
            Self::Status => "status",
            Self::Withdrawal => "withdrawal",
            Self::Token => "token",
            Self::Consent => "consent",
            Self::Accounts => "accounts",
            Self::Funds => "funds",
            Self::Other => "other",
        }
    }

    /// The kind of an operation of the connectors.
    #[must_use]
    pub fn of(operation: &str) -> Self {
        match operation {
            "initiate" | "validate" => Self::Order,
            "begin" | "choose_method" | "enter_code" | "resend" | "confirm" => Self::Authorisation,
            "status" | "sca_status" | "authorisations" | "look_up" | "details" => Self::Status,
            "withdraw" => Self::Withdrawal,
            "token" | "exchange_code" | "refresh_token" | "login" | "login_refresh" | "fallback" => Self::Token,
            "request_consent" | "consent" | "consents" | "consent_status" | "revoke_consent" => Self::Consent,
            "account" | "accounts" | "balances" | "transactions" | "statement" | "statement_url" => Self::Accounts,
            "funds" | "funds_confirmation" => Self::Funds,
            _ => Self::Other,
        }
    }
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The bank did what was asked.
    Done,
    /// 4xx, but 408 and 429.
    Refused,
    /// 429.
    TooMany,
    /// 5xx.
    ServerError,
    /// No answer in time, or 408.
    TimedOut,
    /// No connection, or one that broke before there was an answer.
    Unreachable,
    /// An answer that cannot be read: cut, too large, not JSON, or of a status that means nothing here.
    Malformed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Refused,
        Self::TooMany,
        Self::ServerError,
        Self::TimedOut,
        Self::Unreachable,
        Self::Malformed,
    ];

    /// A word for the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::TooMany => "too_many",
            Self::ServerError => "server_error",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
        }
    }

    /// Whether the bank was there: a refusal is an answer, and so is a limit.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::TooMany)
    }
}

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The bank's code.
    pub bank: String,
    /// What was done, in the connector's words.
    pub operation: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The bank's own error code, where it gave one.
    pub code: Option<String>,
    /// What was sent as `X-Request-ID`.
    pub request_id: Uuid,
    /// The payment it was about, where it was about one.
    pub payment: Option<PaymentId>,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

/// The notes of a process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    notes: Arc<Mutex<VecDeque<Note>>>,
    clock: Clock,
}

impl Calls {
    /// No notes yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            notes: Arc::default(),
            clock,
        }
    }

    /// Takes all notes away, oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Note> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *notes).into()
    }

    /// Puts notes back that could not be kept, before those made since.
    pub fn put_back(&self, taken: Vec<Note>) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        taken.into_iter().rev().for_each(|note| notes.push_front(note));
        let too_many = notes.len().saturating_sub(MOST_NOTES);
        notes.drain(..too_many);
    }

    pub(super) fn note(&self, bank: &str, operation: &'static str, request_id: Uuid, seen: Seen, took: Duration) {
        let note = Note {
            bank: bank.to_owned(),
            operation,
            outcome: seen.outcome,
            status: seen.status,
            code: seen.code,
            request_id,
            payment: ABOUT.try_with(|about| about.payment).ok(),
            at: self.clock.now(),
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        };
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() == MOST_NOTES {
            notes.pop_front();
        }
        notes.push_back(note);
    }
}

/// What the client saw of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
}

impl Seen {
    /// Reads it off what came back. `status` is known of an answer that could not be read, too.
    pub(super) fn of(operation: &str, status: Option<u16>, timed_out: bool, result: &Result<Reply, BankError>) -> Self {
        let outcome = match (status, result) {
            (_, Err(BankError::NotSent(_))) => Outcome::Unreachable,
            _ if timed_out => Outcome::TimedOut,
            (Some(408), _) => Outcome::TimedOut,
            (Some(429), _) => Outcome::TooMany,
            (Some(400..=499), _) => Outcome::Refused,
            (Some(500..), _) => Outcome::ServerError,
            (Some(200..=299), Ok(reply)) if !is_readable(operation, &reply.body) => Outcome::Malformed,
            // A redirect means something to those who ask for it.
            (Some(200..=399), Ok(_)) => Outcome::Done,
            (Some(_), _) => Outcome::Malformed,
            (None, _) => Outcome::Unreachable,
        };
        let refused = result.as_ref().ok().filter(|reply| (400..500).contains(&reply.status));
        Self {
            outcome,
            status,
            code: refused.and_then(own_code),
        }
    }
}

/// Banks answer in JSON, or with nothing; a statement is a file.
fn is_readable(operation: &str, body: &[u8]) -> bool {
    let blank = body.iter().all(u8::is_ascii_whitespace);
    blank || operation == "statement" || serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// The bank's error code of a refusal: a word, and nothing that could be a person's or an account's number.
fn own_code(reply: &Reply) -> Option<String> {
    let BankError::Refused { code, .. } = refusal::read(reply.status, &reply.headers, &reply.body) else {
        return None;
    };
    let is_word = code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-. ".contains(&b));
    let longest_number = code.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let fits = !code.is_empty() && code.len() <= MAX_CODE_CHARS && is_word && longest_number < DIGITS_OF_A_NUMBER;
    fits.then_some(code)
}

#[derive(Clone, Debug)]
struct About {
    payment: PaymentId,
    last: Arc<Mutex<Option<Uuid>>>,
}

tokio::task_local! {
    static ABOUT: About;
}

/// Makes calls about a payment; answers with them the request id of the last one, by which the bank knows it.
pub async fn about<T>(payment: PaymentId, calls: impl Future<Output = T>) -> (T, Option<Uuid>) {
    let last = Arc::<Mutex<Option<Uuid>>>::default();
    let about = About {
        payment,
        last: last.clone(),
    };
    let result = ABOUT.scope(about, calls).await;
    let last = *last.lock().unwrap_or_else(PoisonError::into_inner);
    (result, last)
}

/// Remembers the request id of a call that is about to leave; a call without an id of its own carries the nil one.
pub(super) fn leaves(request_id: Uuid) {
    if request_id.is_nil() {
        return;
    }
    let remember = |about: &About| *about.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(request_id);
    let _ = ABOUT.try_with(remember);
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn reply(status: u16, body: &str) -> Result<Reply, BankError> {
        Ok(Reply {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn what_came_back_says_how_a_call_went() {
        let unknown = || Err(BankError::Unknown("x".into()));
        for (status, timed_out, result, outcome) in [
            (Some(201), false, reply(201, "{}"), Outcome::Done),
            (Some(204), false, reply(204, ""), Outcome::Done),
            (Some(302), false, reply(302, "<html>"), Outcome::Done),
            (Some(200), false, reply(200, "{\"a\":"), Outcome::Malformed),
            (Some(200), false, unknown(), Outcome::Malformed),
            (Some(200), true, unknown(), Outcome::TimedOut),
            (Some(400), false, reply(400, ""), Outcome::Refused),
            (Some(408), false, unknown(), Outcome::TimedOut),
            (Some(429), false, reply(429, ""), Outcome::TooMany),
            (Some(503), false, unknown(), Outcome::ServerError),
            (None, true, unknown(), Outcome::TimedOut),
            (None, false, unknown(), Outcome::Unreachable),
            (None, true, Err(BankError::NotSent("x".into())), Outcome::Unreachable),
        ] {
            assert_eq!(Seen::of("status", status, timed_out, &result).outcome, outcome, "{status:?}");
        }
        let file = Seen::of("statement", Some(200), false, &reply(200, "%PDF"));
        assert_eq!(file.outcome, Outcome::Done);
    }

    #[test]
    fn an_error_code_is_a_word_and_never_a_number_of_somebody() {
        let code = |code: &str| {
            let body = serde_json::json!({"tppMessages": [{"category": "ERROR", "code": code, "text": "RO49AAAA1B31007593840000"}]});
            Seen::of("status", Some(400), false, &reply(400, &body.to_string())).code
        };
        assert_eq!(code("FORMAT_ERROR").as_deref(), Some("FORMAT_ERROR"));
        assert_eq!(code("AC01").as_deref(), Some("AC01"));
        for hidden in ["", "RO49AAAA1B31007593840000", "1234567", "ana@exemplu.ro", "<b>"] {
            assert_eq!(code(hidden), None, "{hidden}");
        }
    }

    #[tokio::test]
    async fn notes_are_bounded_and_know_their_payment() {
        let calls = Calls::default();
        let seen = || Seen::of("status", None, false, &Err(BankError::Unsupported));
        let note = |id: u128| calls.note("cec", "status", Uuid::from_u128(id), seen(), Duration::from_millis(2));
        (0..MOST_NOTES as u128 + 5).for_each(note);
        let taken = calls.take();
        assert_eq!((taken.len(), taken[0].request_id), (MOST_NOTES, Uuid::from_u128(5)));
        note(1);
        calls.put_back(taken);
        let taken = calls.take();
        assert_eq!((taken.len(), taken[0].request_id), (MOST_NOTES, Uuid::from_u128(6)));
        let payment = PaymentId::from_random([7; 16]);
        let work = async {
            leaves(Uuid::from_u128(8));
            leaves(Uuid::from_u128(9));
            note(9);
        };
        assert_eq!(about(payment, work).await, ((), Some(Uuid::from_u128(9))));
        let [one] = calls.take().try_into().unwrap();
        assert_eq!((one.payment, one.duration_us), (Some(payment), 2000));
        assert_eq!(about(payment, async {}).await.1, None);
    }
}
