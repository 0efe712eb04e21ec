//! A conversation about one order, after the bank took it.

use super::client::{self, Ask};
use super::protocol::Confirmation;
use super::reading::{self, Ids, Resource};
use super::{Stet, unknown, wire};
use crate::bank::oauth::{self, CameBack, Secret};
use crate::bank::{Answer, BankError, PsuStep, Reason, Session, SessionState, Verdict};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use url::Url;
use uuid::Uuid;

/// How often a confirmation whose answer was lost is sent again; it has the same request id each time, and an order
/// can be confirmed once only.
const MAX_TRIES: u8 = 3;

/// What must survive between two calls.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Sent with later calls (`PSU-IP-Address`).
    pub(super) psu_ip: IpAddr,
    /// Sent with later calls (`PSU-User-Agent`).
    pub(super) psu_user_agent: Option<String>,
    /// Our `paymentInformationId`.
    pub(super) information_id: String,
    /// Our `endToEndId`, as it was sent.
    pub(super) end_to_end_id: String,
    /// Where the PSU comes back to; what a code is bought with.
    pub(super) report_url: Url,
    /// Comes back with the PSU.
    pub(super) state: Secret,
    /// The bank's page.
    pub(super) approval_url: Url,
    /// The bank's last status word.
    pub(super) word: String,
    /// The end that the bank has told of: later words that are no end do not take it back.
    pub(super) ended: Option<End>,
    /// The PSU has been seen coming back.
    pub(super) was_back: bool,
    /// What the PSU's return asks us to do.
    pub(super) intent: Option<Intent>,
    /// How often the confirmation was sent without an answer.
    pub(super) tries: u8,
    /// The bank took the confirmation.
    pub(super) confirmed: bool,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("was_back", &self.was_back)
            .field("has_intent", &self.intent.is_some())
            .field("confirmed", &self.confirmed)
            .finish_non_exhaustive()
    }
}

/// The end of an order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    Settled,
    Rejected(Reason),
    Cancelled(Reason),
}

impl End {
    const fn of(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Settled => Some(Self::Settled),
            Verdict::Rejected(reason) => Some(Self::Rejected(*reason)),
            Verdict::Cancelled(reason) => Some(Self::Cancelled(*reason)),
            _ => None,
        }
    }

    const fn verdict(self) -> Verdict {
        match self {
            Self::Settled => Verdict::Settled,
            Self::Rejected(reason) => Verdict::Rejected(reason),
            Self::Cancelled(reason) => Verdict::Cancelled(reason),
        }
    }
}

/// A confirmation that is meant, and what it is made with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Intent {
    /// The code that came back; it buys the token.
    Code(Secret),
    /// What the code bought.
    Token(Secret),
    /// Our own token: no code came back.
    Operator,
}

/// One continuation of a conversation: a working copy of the session and the calls made on it. It is lost with an
/// error, so that the same call made again has the same request id.
pub(super) struct Turn<'a> {
    bank: &'a Stet,
    talk: Conversation,
    session: Session,
    /// Something that exists only here: a later failure is no longer an error but "still working".
    must_keep: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn new(bank: &'a Stet, session: &Session) -> Self {
        Self {
            bank,
            talk: session.state.stet().clone(),
            session: session.clone(),
            must_keep: false,
        }
    }

    pub(super) fn answer(mut self, verdict: Verdict) -> Answer {
        let bank_word = self.talk.word.clone();
        self.session.state = SessionState::Stet(Box::new(self.talk));
        Answer {
            ask_again_after: reading::ask_again_after(&verdict),
            verdict,
            bank_word,
            session: self.session,
            instructions: Vec::new(),
        }
    }

    /// The PSU is back. Where the bank wants a confirmation and this return asks for it, that is kept and nothing
    /// else is done: [`Self::resume`] carries it out when it has been saved. All else only asks.
    pub(super) async fn came_back(mut self, query: &[(String, String)]) -> Result<Answer, BankError> {
        let intent = self.intent_of(query);
        self.talk.was_back |= self.is_ours(query);
        if intent.is_some() && self.talk.intent.is_none() && !self.talk.confirmed && self.talk.ended.is_none() {
            self.talk.intent = intent;
            self.talk.tries = 0;
            return Ok(self.answer(Verdict::StillWorking));
        }
        self.look().await
    }

    /// A return without our `state` asks for nothing: there is no PKCE here that would tie a code to this order.
    fn intent_of(&self, query: &[(String, String)]) -> Option<Intent> {
        let confirmation = self.bank.protocol.confirmation;
        if confirmation == Confirmation::None || !self.is_ours(query) {
            return None;
        }
        match oauth::came_back(query, &self.talk.state) {
            CameBack::Code(code) => Some(Intent::Code(code)),
            CameBack::Denied => None,
            CameBack::Nothing => {
                let failed = query.iter().any(|(name, _)| matches!(name.as_str(), "nok" | "error" | "code"));
                (confirmation == Confirmation::Confirmation && !failed).then_some(Intent::Operator)
            }
        }
    }

    fn is_ours(&self, query: &[(String, String)]) -> bool {
        let mut states = query.iter().filter(|(name, _)| name == "state");
        states.next().is_some_and(|(_, value)| self.talk.state.matches(value)) && states.next().is_none()
    }

    /// Does what is meant, then asks.
    pub(super) async fn resume(mut self) -> Result<Answer, BankError> {
        if self.talk.intent.is_some() && self.talk.ended.is_none() {
            match self.confirm().await {
                Ok(()) => {}
                Err(error) if self.must_keep => {
                    tracing::warn!(bank = %self.bank.code, %error, "the order is not confirmed yet");
                    return Ok(self.answer(Verdict::StillWorking));
                }
                Err(error) => return Err(error),
            }
        }
        self.look().await
    }

    /// Asks for the order.
    async fn look(mut self) -> Result<Answer, BankError> {
        match self.get().await {
            Ok(resource) => Ok(self.heard(resource)),
            Err(error) if self.must_keep => {
                tracing::warn!(bank = %self.bank.code, %error, "the status is not known yet");
                let verdict = self.where_it_stands();
                Ok(self.answer(verdict))
            }
            Err(error) => Err(error),
        }
    }

    fn heard(mut self, resource: Resource) -> Answer {
        if let Some(verdict) = resource.ending {
            self.talk.ended = End::of(&verdict);
            self.talk.word = resource.word;
            self.talk.intent = None;
            return self.answer(verdict);
        }
        if self.talk.ended.is_none() {
            self.talk.word = resource.word;
        }
        let verdict = self.where_it_stands();
        self.answer(verdict)
    }

    fn where_it_stands(&self) -> Verdict {
        if let Some(end) = self.talk.ended {
            return end.verdict();
        }
        let word = self.talk.word.as_str();
        let psu_is_done = self.talk.confirmed
            || self.talk.intent.is_some()
            || reading::is_on_its_way(word)
            || (self.talk.was_back && !reading::is_untouched(word));
        if psu_is_done {
            Verdict::StillWorking
        } else {
            let url = self.talk.approval_url.clone();
            Verdict::PsuNeeded(PsuStep::GoToBank { url })
        }
    }

    /// Confirms the order. `Ok` when there is nothing more to be done about it: it is confirmed, or the bank has
    /// refused, and then the order's status tells what that means.
    async fn confirm(&mut self) -> Result<(), BankError> {
        let token = match self.talk.intent.clone() {
            Some(Intent::Code(code)) => match self.exchange(&code).await? {
                Some(token) => Some(token),
                None => return Ok(()),
            },
            Some(Intent::Token(token)) => Some(token),
            Some(Intent::Operator) => {
                if !self.psu_has_authenticated().await? {
                    return Ok(());
                }
                None
            }
            None => return Ok(()),
        };
        match self.post_confirmation(token.as_ref()).await {
            Ok(()) => {
                self.talk.confirmed = true;
                self.talk.intent = None;
                self.must_keep = true;
                Ok(())
            }
            Err(BankError::Refused { status, code, .. }) if status != 429 => {
                tracing::warn!(bank = %self.bank.code, status, %code, "the bank refused the confirmation");
                self.talk.intent = None;
                self.must_keep = true;
                Ok(())
            }
            Err(BankError::Unknown(_)) => {
                self.talk.tries = self.talk.tries.saturating_add(1);
                if self.talk.tries >= MAX_TRIES {
                    self.talk.intent = None;
                }
                self.must_keep = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Sends the confirmation to where the bank takes it.
    async fn post_confirmation(&self, token: Option<&Secret>) -> Result<(), BankError> {
        let segments = self.bank.protocol.confirmation.segments();
        let mut result = Err(BankError::Unsupported);
        for (n, segment) in (0..).zip(segments) {
            let ask = self.ask_about("confirm", n, Method::POST, &[segment], b"{}".to_vec())?;
            let sent = match token {
                Some(token) => self.bank.call(ask, token).await,
                None => self.bank.call_as_operator(ask).await,
            };
            result = sent.map(drop);
            // A place that the bank does not know has confirmed nothing.
            if !matches!(result, Err(BankError::Refused { status: 404 | 405, .. })) {
                break;
            }
        }
        result
    }

    /// What a code buys. A code that the bank refuses is dropped (`None`); only a new return of the PSU can help then.
    async fn exchange(&mut self, code: &Secret) -> Result<Option<Secret>, BankError> {
        let form = self.bank.tokens().code(code, &self.talk.report_url);
        let id = client::request_id(self.session.payment, self.session.attempt, "exchange_code", self.session.calls);
        match self.bank.buy("exchange_code", form, id).await {
            Ok(bought) => {
                self.session.calls = self.session.calls.saturating_add(1);
                self.talk.intent = Some(Intent::Token(bought.access.clone()));
                self.must_keep = true;
                Ok(Some(bought.access))
            }
            Err(BankError::Refused { status, code, .. }) if status != 429 => {
                tracing::warn!(bank = %self.bank.code, status, %code, "the bank refused the code");
                self.talk.intent = None;
                self.must_keep = true;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Without a code only the order's own status tells whether there is anything to confirm.
    async fn psu_has_authenticated(&mut self) -> Result<bool, BankError> {
        let resource = self.get().await?;
        let there = resource.ending.is_none() && (resource.wants_confirmation || !reading::is_untouched(&resource.word));
        if !there {
            self.talk.intent = None;
            self.must_keep = true;
        }
        Ok(there)
    }

    async fn get(&mut self) -> Result<Resource, BankError> {
        let calls = self.session.calls;
        let ask = self.ask_about("status", calls, Method::GET, &[], Vec::new())?;
        self.session.calls = calls.saturating_add(1);
        let reply = self.bank.call_as_operator(ask).await?;
        let ids = Ids {
            order: self.order_id()?,
            information: &self.talk.information_id,
            end_to_end: &self.talk.end_to_end_id,
        };
        reading::resource(&reply.body, ids).ok_or_else(|| unknown("the answer is not about this order"))
    }

    /// `Cancelled` when the bank says, asked after the cancellation, that it has not executed the order and will not.
    pub(super) async fn withdraw(mut self) -> Result<Answer, BankError> {
        if !self.bank.protocol.withdraw_before_sca && !self.talk.was_back {
            return Err(BankError::Unsupported);
        }
        let before = self.get().await?;
        if let Some(verdict) = &before.ending {
            let verdict = dead(verdict).unwrap_or_else(|| verdict.clone());
            self.talk.ended = End::of(&verdict);
            self.talk.word = before.word;
            return Ok(self.answer(verdict));
        }
        let body = wire::cancellation(&before.whole, &self.talk.report_url).ok_or_else(|| unknown("the order is unreadable"))?;
        let calls = self.session.calls;
        let ask = self.ask_about("withdraw", calls, Method::PUT, &[], body)?;
        self.session.calls = calls.saturating_add(1);
        self.bank.call_as_operator(ask).await?;
        let after = self.get().await?;
        self.talk.word = after.word;
        match after.ending {
            Some(Verdict::Cancelled(_)) => {
                self.talk.ended = Some(End::Cancelled(Reason::Withdrawn));
                Ok(self.answer(Verdict::Cancelled(Reason::Withdrawn)))
            }
            Some(verdict) => {
                let verdict = dead(&verdict).unwrap_or(verdict);
                self.talk.ended = End::of(&verdict);
                Ok(self.answer(verdict))
            }
            None => Err(unknown("the bank does not say that the order is cancelled")),
        }
    }

    fn order_id(&self) -> Result<&str, BankError> {
        self.session.bank_payment_id.as_deref().ok_or(BankError::Unsupported)
    }

    fn ask_about(&self, operation: &'static str, call: u32, method: Method, below: &[&str], json: Vec<u8>) -> Result<Ask, BankError> {
        let mut segments = vec!["payment-requests", self.order_id()?];
        segments.extend(below);
        let request_id: Uuid = client::request_id(self.session.payment, self.session.attempt, operation, call);
        Ok(Ask {
            operation,
            request_id,
            method,
            url: self.bank.addresses.api(&segments),
            headers: client::psu_headers(self.talk.psu_ip, self.talk.psu_user_agent.as_deref()),
            json,
        })
    }
}

/// An order that the bank has refused can no more be executed than a cancelled one.
fn dead(verdict: &Verdict) -> Option<Verdict> {
    match verdict {
        Verdict::Rejected(reason) | Verdict::Cancelled(reason) => Some(Verdict::Cancelled(*reason)),
        _ => None,
    }
}
