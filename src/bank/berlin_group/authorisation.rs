//! The PSU's authorisation of an order without OAuth (NextGenPSD2 1.3.x sections 5.1 and 7): decoupled,
//! embedded, plain redirect; started with the order or by a call of its own.
//!
//! **Invariant:** the authorisation's own status says whether the bank still waits for the PSU; whether the
//! order has ended, only the order's status says.

use super::conversation::Turn;
use super::protocol::ScaApproach;
use super::sca::{self, Sca, ScaStatus};
use super::{headers, reading};
use crate::bank::http::{Body, Reply};
use crate::bank::{Answer, BankError, CodePrompt, PsuStep, Verdict};
use reqwest::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

/// What must be remembered of an authorisation.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Authorisation {
    /// The bank's id of it.
    pub(super) id: Option<String>,
    /// There may be one whose id is not known yet: its start may have left, and the answer is not here.
    unseen: bool,
    /// How many were started; the request id of the next start derives from it.
    starts: u32,
    /// What the PSU must do as long as the bank waits; `None` when the bank wants nothing of the PSU.
    pub(super) step: Option<PsuStep>,
    /// The method by which codes come, where the bank gave its id: with it another one can be asked for.
    pub(super) method: Option<String>,
    /// The bank said that it is finished: only the order's status matters.
    finished: bool,
    /// The order's status word before the PSU was asked.
    pub(super) first_word: String,
}

impl std::fmt::Debug for Authorisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorisation")
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

impl Authorisation {
    pub(super) fn take_over(&mut self, answer: &Sca) {
        self.id = answer.id.clone().or(self.id.take());
        self.method = answer.chosen.as_ref().map(|m| m.id.clone()).or(self.method.take());
    }

    pub(super) fn prompt(&self) -> Option<&CodePrompt> {
        match &self.step {
            Some(PsuStep::EnterCode(prompt)) => Some(prompt),
            _ => None,
        }
    }
}

impl Turn<'_> {
    /// The order was taken: what comes next is read from the links of the answer. `asked` is where the order
    /// was sent. An answer that wants nothing of the PSU means an exemption: the bank works on the order.
    ///
    /// # Errors
    /// [`BankError::Unknown`] when the PSU would be sent to a host that is not the bank's: nobody can authorise.
    pub(super) fn taken(mut self, answer: &Sca, reply: &Reply, asked: &Url) -> Result<Answer, BankError> {
        self.talk.sca.first_word.clone_from(&self.talk.word);
        let explicit = answer.links.start_is_explicit();
        let step = if explicit {
            Some(PsuStep::Begin)
        } else {
            self.step_of(answer, reply, asked)?
        };
        let sca = &mut self.talk.sca;
        if !explicit {
            sca.take_over(answer);
            sca.finished = answer.status == Some(ScaStatus::Done);
        }
        // Without an id it is looked up later: the caller may not live to save the answer to the start.
        (sca.step, sca.unseen) = (step, sca.id.is_none());
        let verdict = match sca.finished {
            _ if explicit => Verdict::PsuNeeded(PsuStep::Begin),
            true => self.without_an_end(Some(ScaStatus::Done)),
            false => self.without_an_end(Some(ScaStatus::Waiting)),
        };
        Ok(self.answer(verdict))
    }

    /// What the PSU must do after this answer; `None` when the bank wants nothing of the PSU.
    pub(super) fn step_of(&self, answer: &Sca, reply: &Reply, asked: &Url) -> Result<Option<PsuStep>, BankError> {
        if let Some(link) = answer.links.get("scaRedirect") {
            let page = self.bank.addresses.sca_page(link, asked);
            let url = page.map_err(|_| BankError::Unknown("the bank sends the PSU to a host that is not allowed".to_owned()))?;
            return Ok(Some(PsuStep::GoToBank { url }));
        }
        if answer.chosen.is_none() && !answer.methods.is_empty() {
            let methods = answer.methods.clone();
            return Ok(Some(PsuStep::ChooseMethod { methods }));
        }
        let told = reply.headers.get(headers::SCA_APPROACH).map(|v| v.as_bytes().to_ascii_uppercase());
        let decoupled = match told.as_deref() {
            Some(b"DECOUPLED") => true,
            Some(b"EMBEDDED" | b"REDIRECT") => false,
            _ => self.bank.protocol.sca_approach == ScaApproach::Decoupled,
        };
        let code = answer.wants_a_code || answer.status == Some(ScaStatus::MethodSelected);
        Ok(if decoupled && answer.links.get("authoriseTransaction").is_none() {
            let message = answer.message.clone();
            Some(PsuStep::ApproveInApp { message })
        } else {
            code.then(|| PsuStep::EnterCode(answer.prompt(None)))
        })
    }

    /// Starts the authorisation. A lost answer is no error: at a bank that pushes, the PSU may have been asked.
    pub(super) async fn begin(mut self, psu_id: Option<&SecretString>) -> Result<Answer, BankError> {
        if self.talk.sca.step != Some(PsuStep::Begin) {
            return Err(BankError::Unsupported);
        }
        let url = self.bank.addresses.authorisations(self.talk.service, self.order_id()?);
        let asked = url.clone().ok_or(BankError::Unsupported)?;
        let mut call = self.prepare("begin", Method::POST, url)?;
        call.request_id = self.request_id("begin", self.talk.sca.starts);
        call.body = Body::Json(b"{}".to_vec());
        let approach = self.bank.protocol.sca_approach;
        headers::way(&mut call.headers, approach, &self.talk.return_url, &self.talk.state)?;
        headers::psu_id(&mut call.headers, psu_id)?;
        let reply = match self.bank.http.call(call).await {
            Err(error @ BankError::Unknown(_)) => return Ok(self.maybe_begun(&error)),
            other => other?,
        };
        let Some(answer) = Sca::read(&reply.body) else {
            return Ok(self.maybe_begun(&BankError::Unknown("the answer to the start is unreadable".to_owned())));
        };
        let step = self.step_of(&answer, &reply, &asked)?;
        let status = answer.status.unwrap_or(ScaStatus::Waiting);
        // A bank that now wants the password of the PSU's online bank, or nothing that we know, asked nobody.
        let stuck = step.is_none() && !matches!(status, ScaStatus::Done | ScaStatus::Failed);
        if stuck || answer.links.want_a_password() {
            return Err(BankError::Unsupported);
        }
        let sca = &mut self.talk.sca;
        sca.starts = sca.starts.saturating_add(1);
        (sca.id, sca.method) = (None, None);
        sca.take_over(&answer);
        (sca.step, sca.unseen) = (step, sca.id.is_none());
        self.told(status).await
    }

    fn maybe_begun(mut self, error: &BankError) -> Answer {
        tracing::warn!(bank = %self.bank.code, %error, "whether the authorisation was started is not known");
        let sca = &mut self.talk.sca;
        sca.unseen = true;
        if self.bank.protocol.sca_approach == ScaApproach::Decoupled {
            sca.step = Some(PsuStep::ApproveInApp { message: None });
        }
        let verdict = self.without_an_end(Some(ScaStatus::Waiting));
        self.answer(verdict)
    }

    /// The PSU came back from a plain redirect, which proves nothing: the bank is asked. Where it does not
    /// answer, nothing has changed, and it is asked again soon.
    pub(super) async fn came_back(self) -> Result<Answer, BankError> {
        let mut as_it_was = self.as_it_was();
        match self.look().await {
            Err(error) if !matches!(error, BankError::Unsupported) => {
                tracing::warn!(bank = %as_it_was.bank.code, %error, "the PSU came back, and the bank does not answer");
                let verdict = as_it_was.without_an_end(None);
                let mut answer = as_it_was.answer(verdict);
                answer.ask_again_after = reading::SOON;
                Ok(answer)
            }
            answer => answer,
        }
    }

    /// Asks what became of the authorisation and of the order.
    pub(super) async fn look(mut self) -> Result<Answer, BankError> {
        let status = self.sca_status().await?;
        match self.get_status().await {
            Ok(word) => {
                self.talk.word = word;
                Ok(self.conclude(status).await)
            }
            // The bank has said that it waits for the PSU.
            Err(_) if matches!(status, Some(ScaStatus::Waiting | ScaStatus::MethodSelected)) => Ok(self.conclude(status).await),
            Err(error) => Err(error),
        }
    }

    /// The bank has just said how the authorisation stands. Where it has ended, the order's status is asked for;
    /// without it the authorisation's own counts, and the next question brings the rest.
    pub(super) async fn told(mut self, status: ScaStatus) -> Result<Answer, BankError> {
        if matches!(status, ScaStatus::Done | ScaStatus::Failed) {
            match self.get_status().await {
                Ok(word) => self.talk.word = word,
                Err(error) => {
                    tracing::warn!(bank = %self.bank.code, %error, "the authorisation has ended, the order's status is not known yet")
                }
            }
        }
        Ok(self.conclude(Some(status)).await)
    }

    pub(super) async fn conclude(mut self, status: Option<ScaStatus>) -> Answer {
        if status == Some(ScaStatus::Done) {
            self.talk.sca.finished = true;
        }
        let wrong = self.talk.sca.prompt().is_some_and(|prompt| prompt.wrong);
        let ending = reading::ending(&self.talk.word, self.talk.service, &self.bank.protocol);
        match ending {
            Some(verdict) => self.end(reading::with_sca(verdict, status, wrong)).await,
            None => {
                let verdict = self.without_an_end(status);
                self.answer(verdict)
            }
        }
    }

    /// The verdict while the order's word is no end. An authorisation that failed has not ended the order: by
    /// the standard another one can be started until the bank itself says RJCT. Where the authorisation's
    /// status is not known, the order's word tells whether anything has happened since it was taken.
    pub(super) fn without_an_end(&mut self, status: Option<ScaStatus>) -> Verdict {
        let pushes = self.bank.protocol.sca_approach == ScaApproach::Decoupled;
        let (word, sca) = (&self.talk.word, &mut self.talk.sca);
        match status {
            Some(ScaStatus::Done) => return Verdict::StillWorking,
            Some(ScaStatus::Failed) => sca.step = Some(PsuStep::Begin),
            // An authorisation whose start we have not seen: the PSU can go on with it all the same.
            Some(ScaStatus::MethodSelected) if sca.step == Some(PsuStep::Begin) => {
                sca.step = Some(PsuStep::EnterCode(CodePrompt::default()));
            }
            Some(ScaStatus::Waiting) if pushes && sca.step == Some(PsuStep::Begin) => {
                sca.step = Some(PsuStep::ApproveInApp { message: None });
            }
            Some(ScaStatus::Waiting | ScaStatus::MethodSelected) => {}
            None if sca.finished || !(word == "RCVD" || *word == sca.first_word) => return Verdict::StillWorking,
            None => {}
        }
        sca.step.clone().map_or(Verdict::StillWorking, Verdict::PsuNeeded)
    }

    /// How the authorisation stands; `None` when the bank does not tell. An authorisation whose id got lost is
    /// looked up first: only this conversation starts one, so the last is it.
    pub(super) async fn sca_status(&mut self) -> Result<Option<ScaStatus>, BankError> {
        if self.talk.sca.finished {
            return Ok(Some(ScaStatus::Done));
        }
        if self.talk.sca.id.is_none() && self.talk.sca.unseen {
            let url = self.bank.addresses.authorisations(self.talk.service, self.order_id()?);
            match self.read("authorisations", url, sca::listed).await? {
                Some(mut ids) => self.talk.sca.id = ids.pop(),
                None => self.talk.sca.unseen = false,
            }
        }
        let Some(id) = &self.talk.sca.id else { return Ok(None) };
        let url = self.bank.addresses.authorisation(self.talk.service, self.order_id()?, id);
        let answer = self.read("sca_status", url, Sca::read).await?;
        Ok(answer.and_then(|answer| answer.status))
    }

    /// Reads what a bank may not offer: a refusal is no answer.
    async fn read<T>(&mut self, operation: &'static str, url: Option<Url>, read: fn(&[u8]) -> Option<T>) -> Result<Option<T>, BankError> {
        match self.send(operation, Method::GET, url).await {
            Ok(reply) => Ok(read(&reply.body)),
            Err(BankError::Refused { status, .. }) if status != 429 => Ok(None),
            Err(error) => Err(error),
        }
    }
}
