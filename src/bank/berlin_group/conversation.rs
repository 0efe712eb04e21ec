//! A conversation about one order, and the calls that every SCA approach makes in it.

use super::authorisation::Authorisation;
use super::code_flow::CodeFlow;
use super::wire::Service;
use super::{BerlinGroup, headers, reading, wire};
use crate::bank::http::{Body, Call, MAX_ANSWER_BYTES, Reply};
use crate::bank::oauth::Secret;
use crate::bank::{Answer, BankError, InstructionStatus, Session, SessionState, Verdict};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// Largest resource of a bulk order read, in bytes: 5000 instructions with room to spare.
const MAX_RESOURCE_BYTES: usize = 8 * MAX_ANSWER_BYTES;
/// How often it is worth trying to learn which instructions of an order failed.
const MAX_UNREAD: u8 = 5;

/// What must survive between two calls. Neither the PSU's id nor a one-time code is ever part of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Single, bulk or standing.
    pub(super) service: Service,
    /// Sent with later calls (NextGenPSD2 `PSU-IP-Address`).
    pub(super) psu_ip: IpAddr,
    /// Sent with later calls (`PSU-User-Agent`).
    pub(super) psu_user_agent: Option<String>,
    /// Where the PSU comes back to.
    pub(super) return_url: Url,
    /// Comes back with the PSU.
    pub(super) state: Secret,
    /// The bank's last status word.
    pub(super) word: String,
    /// What the OAuth approach needs; with the others there is none.
    #[serde(flatten)]
    pub(super) oauth: Option<CodeFlow>,
    /// What the other approaches need.
    #[serde(default)]
    pub(super) sca: Authorisation,
    /// How often the words of the instructions could not be read.
    #[serde(default)]
    pub(super) unread: u8,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("service", &self.service)
            .field("oauth", &self.oauth)
            .field("sca", &self.sca)
            .finish_non_exhaustive()
    }
}

/// One continuation of a conversation: a working copy of the session and the calls made on it. It is lost
/// with an error, so that the same call made again has the same request id.
pub(super) struct Turn<'a> {
    pub(super) bank: &'a BerlinGroup,
    pub(super) talk: Conversation,
    /// Something that exists only here: a later failure is no longer an error but "still working".
    pub(super) must_keep: bool,
    session: Session,
    instructions: Vec<InstructionStatus>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(bank: &'a BerlinGroup, session: &Session) -> Self {
        Self {
            bank,
            talk: session.state.berlin_group().clone(),
            must_keep: false,
            session: session.clone(),
            instructions: Vec::new(),
        }
    }

    /// The same conversation before this continuation of it.
    pub(super) fn as_it_was(&self) -> Self {
        Self::new(self.bank, &self.session)
    }

    pub(super) fn answer(mut self, verdict: Verdict) -> Answer {
        let bank_word = reading::for_the_record(&self.talk.word);
        self.session.state = SessionState::BerlinGroup(Box::new(self.talk));
        Answer {
            ask_again_after: reading::ask_again_after(&verdict),
            verdict,
            bank_word,
            session: self.session,
            instructions: self.instructions,
        }
    }

    /// As [`Self::answer`], asking again no earlier than the bank wants.
    pub(super) fn patient_answer(self, verdict: Verdict, retry_after_s: Option<u64>) -> Answer {
        let mut answer = self.answer(verdict);
        if let Some(seconds) = retry_after_s {
            answer.ask_again_after = answer.ask_again_after.max(Duration::from_secs(seconds));
        }
        answer
    }

    /// The end of an order that was executed. Of a bulk order the bank is asked what became of the single
    /// instructions: its silence leaves a settled order settled, but which ones failed is worth asking again.
    pub(super) async fn end(mut self, verdict: Verdict) -> Answer {
        let executed = matches!(verdict, Verdict::Settled | Verdict::PartlySettled);
        if self.talk.service != Service::BulkPayments || !executed {
            return self.answer(verdict);
        }
        match self.get_instructions(&verdict).await {
            Ok(instructions) => self.instructions = instructions,
            Err(error) => {
                tracing::warn!(bank = %self.bank.code, %error, "what became of the single instructions is not known");
                let never = matches!(error, BankError::Refused { status, .. } if status != 429);
                if verdict == Verdict::PartlySettled && !never && self.talk.unread < MAX_UNREAD {
                    self.talk.unread += 1;
                    return self.answer(Verdict::StillWorking);
                }
            }
        }
        self.answer(verdict)
    }

    async fn get_instructions(&mut self, verdict: &Verdict) -> Result<Vec<InstructionStatus>, BankError> {
        let url = self.bank.addresses.order(self.talk.service, self.order_id()?);
        let mut call = self.prepare_call(self.bank, "instructions", Method::GET, url)?;
        call.max_answer_bytes = MAX_RESOURCE_BYTES;
        let reply = self.bank.http.call(call).await?;
        let whole = (*verdict == Verdict::Settled).then_some(self.talk.word.as_str());
        wire::instructions(&reply.body, whole).ok_or_else(|| BankError::Unknown("the order's resource is unreadable".to_owned()))
    }

    pub(super) async fn get_status(&mut self) -> Result<String, BankError> {
        let url = self.bank.addresses.status(self.talk.service, self.order_id()?);
        let reply = self.send("status", Method::GET, url).await?;
        wire::status(&reply.body).ok_or_else(|| BankError::Unknown("the status answer is unreadable".to_owned()))
    }

    /// Deletes the order. The one word that proves it is 204 (NextGenPSD2 section 5.6).
    pub(super) async fn delete(&mut self) -> Result<Reply, BankError> {
        let url = self.bank.addresses.order(self.talk.service, self.order_id()?);
        self.send("withdraw", Method::DELETE, url).await
    }

    /// Makes a call without a body.
    pub(super) async fn send(&mut self, operation: &'static str, method: Method, url: Option<Url>) -> Result<Reply, BankError> {
        let call = self.prepare_call(self.bank, operation, method, url)?;
        self.bank.http.call(call).await
    }

    /// A call about this order, without a body. No address: the bank does not offer that service any more.
    pub(super) fn prepare_call<'b>(
        &mut self,
        bank: &'b BerlinGroup,
        operation: &'static str,
        method: Method,
        url: Option<Url>,
    ) -> Result<Call<'b>, BankError> {
        let mut headers = bank.common_headers.clone();
        headers::psu(&mut headers, self.talk.psu_ip, self.talk.psu_user_agent.as_deref());
        if let Some(tokens) = self.talk.oauth.as_ref().and_then(|o| o.tokens.as_ref()) {
            headers::bearer(&mut headers, &tokens.access);
        }
        Ok(Call {
            bank: &bank.code,
            operation,
            request_id: self.next_request_id(operation),
            method,
            url: url.ok_or(BankError::Unsupported)?,
            headers,
            body: Body::Empty,
            max_answer_bytes: MAX_ANSWER_BYTES,
        })
    }

    pub(super) fn order_id(&self) -> Result<&str, BankError> {
        self.session.bank_payment_id.as_deref().ok_or(BankError::Unsupported)
    }

    pub(super) fn next_request_id(&mut self, operation: &str) -> Uuid {
        let id = self.request_id(operation, self.session.calls);
        self.session.calls = self.session.calls.saturating_add(1);
        id
    }

    /// The id of a call that is counted otherwise.
    pub(super) fn request_id(&self, operation: &str, number: u32) -> Uuid {
        headers::request_id(self.session.payment, self.session.attempt, operation, number)
    }
}
