//! Talking to banks: turns our order into "what the bank says now" and says whether the PSU is needed.
//!
//! **Invariant:** stateless. No database, no clock of its own, no randomness on a retry, no payment status: what must
//! survive between two calls goes into [`Session`], which the caller keeps (sealed). An unknown word from a
//! bank means "still working"; success and failure only when the bank says so explicitly.

pub mod access;
pub mod accounts;
pub mod berlin_group;
pub mod calls;
mod connector_accounts;
#[cfg(test)]
pub(crate) mod contract;
pub mod directory;
pub mod epp;
pub mod http;
pub mod logo;
pub mod oauth;
mod place;
mod reason;
pub mod refusal;
pub mod signature;
#[cfg(test)]
pub mod simulated;
pub mod stet;

pub use reason::Reason;

use crate::clock::Clock;
use crate::payment::{Order, PaymentId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// What a bank may know of the PSU (RTS 2018/389 risk data; Berlin Group PSU-* headers), and where it
/// sends the PSU back to.
#[derive(Clone, Debug)]
pub struct PsuContext {
    /// The PSU's address.
    pub ip: IpAddr,
    /// The PSU's browser.
    pub user_agent: Option<String>,
    /// Where the bank sends the PSU back to, without query.
    pub return_url: Url,
    /// An unguessable value that comes back with the PSU (OAuth 2.0 `state`, RFC 6749 section 10.12).
    pub state: String,
    /// 32 random bytes for this attempt, from which a connector derives what must be unguessable (the PKCE
    /// code verifier, RFC 7636), so that it stays free of randomness itself.
    pub seed: [u8; 32],
    /// The id by which the bank knows the PSU (`PSU-ID`), where the PSU typed one. Never stored, never logged.
    pub psu_id: Option<SecretString>,
}

/// What a connector needs to continue a conversation. Contains tokens: sealed at rest, never logged.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// Whose conversation this is.
    pub payment: PaymentId,
    /// Which attempt of that payment, from 1.
    pub attempt: u32,
    /// How many calls have been made in it; request ids derive from it.
    pub calls: u32,
    /// The bank's own id of the order (Berlin Group `paymentId`).
    pub bank_payment_id: Option<String>,
    /// The state of the protocol's own conversation.
    pub state: SessionState,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("payment", &self.payment)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// One variant per protocol.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum SessionState {
    /// Berlin Group NextGenPSD2.
    BerlinGroup(Box<berlin_group::Conversation>),
    /// STET.
    Stet(Box<stet::Conversation>),
    /// ePP, the Serbian Treasury's payment orders.
    Epp(Box<epp::Conversation>),
    /// The simulation's banks.
    #[cfg(test)]
    Simulated(Box<simulated::Conversation>),
}

impl SessionState {
    /// The conversation with a Berlin Group bank. A session is only ever given to the bank it is of.
    fn berlin_group(&self) -> &berlin_group::Conversation {
        match self {
            Self::BerlinGroup(talk) => talk,
            _ => unreachable!("a session of another bank"),
        }
    }

    /// The conversation with a STET bank.
    fn stet(&self) -> &stet::Conversation {
        match self {
            Self::Stet(talk) => talk,
            _ => unreachable!("a session of another bank"),
        }
    }

    /// The conversation with an ePP bank. A session is only ever given to the bank it is of.
    fn epp(&self) -> &epp::Conversation {
        match self {
            Self::Epp(talk) => talk,
            _ => unreachable!("a session of another bank"),
        }
    }
}

impl std::fmt::Debug for SessionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BerlinGroup(_) => f.write_str("SessionState::BerlinGroup"),
            Self::Stet(_) => f.write_str("SessionState::Stet"),
            Self::Epp(_) => f.write_str("SessionState::Epp"),
            #[cfg(test)]
            Self::Simulated(_) => f.write_str("SessionState::Simulated"),
        }
    }
}

/// What the bank says now.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// The bank's own status word, at most 35 characters, for the record.
    pub bank_word: String,
    /// What to keep for the next call.
    pub session: Session,
    /// When asking again makes sense.
    pub ask_again_after: Duration,
    /// What the bank says of the single instructions of a bulk order; empty when it said nothing of them.
    pub instructions: Vec<InstructionStatus>,
}

/// What the bank says of one instruction of a bulk order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionStatus {
    /// Which one (ISO 20022 end-to-end identification, as it was sent).
    pub end_to_end_id: String,
    /// The bank's status word of it, at most 35 characters.
    pub word: String,
    /// Why it was refused, in the bank's words, at most 200 characters; hostile text.
    pub text: Option<String>,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bank waits for the PSU.
    PsuNeeded(PsuStep),
    /// The bank took it and works on it.
    StillWorking,
    /// The money left the debtor's account.
    Settled,
    /// Bulk: at least one instruction failed.
    PartlySettled,
    /// Refused.
    Rejected(Reason),
    /// Cancelled before execution.
    Cancelled(Reason),
}

/// What the PSU must do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum PsuStep {
    /// Authorise on the bank's own page.
    GoToBank {
        /// The bank's page; its host is one the directory allows.
        url: Url,
    },
    /// Nothing yet: the bank has the order, and its authorisation is not started, or has failed without ending
    /// the order. The caller saves the session and then calls [`PaymentInitiation::reply`] with [`PsuReply::Begin`], so that no request for approval
    /// goes out for an order that a crash could make us forget.
    Begin,
    /// Approve the request that the bank pushed to the PSU's own device (decoupled approach).
    ApproveInApp {
        /// The bank's words for the PSU, capped; hostile text.
        message: Option<String>,
    },
    /// Enter the code that the bank sent (embedded approach).
    EnterCode(CodePrompt),
    /// Choose how to get the code.
    ChooseMethod {
        /// At least one, as the bank listed them.
        methods: Vec<ScaMethod>,
    },
}

/// What is known of the code that the PSU must enter (NextGenPSD2 `challengeData`, `chosenScaMethod`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodePrompt {
    /// The bank's words for the PSU, capped; hostile text.
    pub message: Option<String>,
    /// The name of the method by which the code comes, capped; hostile text.
    pub method: Option<String>,
    /// What the code is made of.
    pub format: CodeFormat,
    /// Its greatest length, in characters.
    pub max_length: Option<u8>,
    /// The PSU's own app or token makes the code (RFC 6238): nothing is sent, and there is nothing to ask for again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_by_psu: bool,
    /// The bank can be asked to send another one.
    pub can_resend: bool,
    /// The code entered last was wrong.
    pub wrong: bool,
}

/// What a code is made of (NextGenPSD2 `otpFormat`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeFormat {
    /// 0 to 9 only (`integer`).
    Digits,
    /// Anything visible (`characters`, or not told).
    #[default]
    Characters,
}

/// A way of authorising that the PSU can choose (NextGenPSD2 `authenticationObject`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaMethod {
    /// The bank's id of it.
    pub id: String,
    /// How the PSU knows it, capped; hostile text.
    pub name: String,
    /// `authenticationType`, such as `SMS_OTP`; empty when not told.
    pub kind: String,
}

/// What the PSU gave.
#[derive(Clone)]
pub enum PsuReply {
    /// Nothing: the authorisation of the order is started now.
    Begin {
        /// The id by which the bank knows the PSU, where the bank wants one.
        psu_id: Option<SecretString>,
    },
    /// The code that the bank sent.
    Code(SecretString),
    /// The id of the chosen [`ScaMethod`].
    Method(String),
    /// Wants another code.
    Resend,
    /// Came back from the bank's page with this query (names and values, decoded).
    CameBack {
        /// Hostile input: anyone can write it.
        query: Vec<(String, String)>,
    },
}

impl std::fmt::Debug for PsuReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begin { .. } => "PsuReply::Begin",
            Self::Code(_) => "PsuReply::Code",
            Self::Method(_) => "PsuReply::Method",
            Self::Resend => "PsuReply::Resend",
            Self::CameBack { .. } => "PsuReply::CameBack",
        })
    }
}

/// What went wrong in a call, in terms of what the bank may have done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BankError {
    /// The request never left (connection refused, TLS failed): may be tried again.
    #[error("the bank was not reached: {0}")]
    NotSent(String),
    /// It left, and what became of it is not known (time-out, 5xx, unreadable answer).
    #[error("the bank's answer is not known: {0}")]
    Unknown(String),
    /// The bank refused the request (4xx): nothing was done.
    #[error("the bank refused: {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The bank's error code (`tppMessages[0].code`), capped; `""` when there was none.
        code: String,
        /// The bank's words, after the element of the request that they are about, capped; hostile text.
        text: String,
        /// Whole seconds from `Retry-After`, when the bank gave one.
        retry_after_s: Option<u64>,
    },
    /// This connector, or this session as it is, cannot do that.
    #[error("not possible with this bank now")]
    Unsupported,
}

/// Payment initiation (PSD2 Art. 66), the same for every protocol.
///
/// Contract: no default bodies; `initiate` makes at most one order at the bank per (payment, attempt);
/// request ids derive from (payment, attempt, call); `NotSent` only when no byte of the request can have
/// been acted on.
pub trait PaymentInitiation {
    /// Gives the order to the bank.
    fn initiate(&self, order: &Order, psu: &PsuContext) -> impl Future<Output = Result<Answer, BankError>> + Send;
    /// Hands over what the PSU brought. A code the bank refuses is [`PsuStep::EnterCode`] with `wrong`, or a
    /// rejection when the bank ends the order over it; [`BankError::Unknown`] when a code left and its answer
    /// was lost. A lost answer to [`PsuReply::Begin`] is no error: the PSU may have been asked, so the answer is
    /// [`PsuStep::ApproveInApp`] where the bank pushes, [`PsuStep::Begin`] elsewhere. [`BankError::Unsupported`]
    /// for a reply that does not fit the conversation.
    fn reply(&self, session: &Session, reply: &PsuReply) -> impl Future<Output = Result<Answer, BankError>> + Send;
    /// Asks what became of the order. [`BankError::Unsupported`] when the bank answers only to a token that
    /// was never bought.
    fn ask(&self, session: &Session) -> impl Future<Output = Result<Answer, BankError>> + Send;
    /// Cancels the order before execution. `Cancelled` only when the bank confirms that it cannot execute.
    fn withdraw(&self, session: &Session) -> impl Future<Output = Result<Answer, BankError>> + Send;
}

/// Credentials the operator holds at one bank.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// OAuth 2.0 client id, also the `x-ibm-client-id` at CEC.
    pub client_id: String,
    /// Client secret, where the bank gave one.
    pub client_secret: Option<SecretString>,
    /// Our signing certificate (QSEALC) as PEM, sent as `TPP-Signature-Certificate`.
    pub signing_certificate_pem: Option<String>,
    /// Where that certificate can be fetched, for banks that find it by address.
    pub signing_certificate_url: Option<Url>,
    /// Its private key as PEM (PKCS#8), for banks that want requests signed.
    pub signing_key_pem: Option<SecretString>,
    /// The certificate with which the bank signs its answers, as PEM, where the operator has it.
    pub bank_signing_certificate_pem: Option<String>,
}

/// What the connectors of all banks share.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The one HTTP client.
    pub http: http::BankHttp,
    /// Tokens and logins that are ours and not one payment's.
    pub keeper: access::Keeper,
    /// The time, for requests and answers that carry it under a signature.
    pub clock: Clock,
}

/// The connector of a bank: a closed set, so an enum and not `dyn`.
#[derive(Clone, Debug)]
pub enum Connector {
    /// Berlin Group NextGenPSD2.
    BerlinGroup(berlin_group::BerlinGroup),
    /// STET.
    Stet(stet::Stet),
    /// ePP, the Serbian Treasury's payment orders.
    Epp(epp::Epp),
    /// A bank of the simulation.
    #[cfg(test)]
    Simulated(simulated::Simulated),
}

/// Calls the same method of whichever protocol it is.
macro_rules! each {
    ($connector:expr, $bank:ident => $call:expr) => {
        match $connector {
            Self::BerlinGroup($bank) => $call,
            Self::Stet($bank) => $call,
            Self::Epp($bank) => $call,
            #[cfg(test)]
            Self::Simulated($bank) => $call,
        }
    };
}
use each;

impl PaymentInitiation for Connector {
    async fn initiate(&self, order: &Order, psu: &PsuContext) -> Result<Answer, BankError> {
        each!(self, bank => bank.initiate(order, psu).await)
    }

    async fn reply(&self, session: &Session, reply: &PsuReply) -> Result<Answer, BankError> {
        each!(self, bank => bank.reply(session, reply).await)
    }

    async fn ask(&self, session: &Session) -> Result<Answer, BankError> {
        each!(self, bank => bank.ask(session).await)
    }

    async fn withdraw(&self, session: &Session) -> Result<Answer, BankError> {
        each!(self, bank => bank.withdraw(session).await)
    }
}
