//! The PSU's authorisation of an order or a consent without OAuth (NextGenPSD2 1.3.x sections 5.1, 6.1 and 7):
//! decoupled, embedded, plain redirect; started with it or by a call of its own.
//!
//! **Invariant:** the authorisation's own status says whether the bank still waits for the PSU; whether the
//! order or consent has ended, only its own status says.

use super::protocol::ScaApproach;
use super::sca::{self, Sca, ScaStatus};
use super::subject::Subject;
use super::{embedded, headers};
use crate::bank::http::{Body, Reply};
use crate::bank::{BankError, CodePrompt, PsuReply, PsuStep};
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
    /// The bank said that it is finished: only the status of the order or consent matters.
    pub(super) finished: bool,
    /// The status word of the order or consent before the PSU was asked.
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

/// The order or consent was taken: what comes next is read from the links of the answer. `asked` is where it was
/// sent. An answer that wants nothing of the PSU means an exemption: the bank works on it.
///
/// # Errors
/// [`BankError::Unknown`] when the PSU would be sent to a host that is not the bank's: nobody can authorise.
pub(super) fn taken<S: Subject>(mut subject: S, answer: &Sca, reply: &Reply, asked: &Url) -> Result<S::Answer, BankError> {
    let first_word = subject.word().to_owned();
    let explicit = answer.links.start_is_explicit();
    let step = if explicit {
        Some(PsuStep::Begin)
    } else {
        step_of(&subject, answer, reply, asked)?
    };
    let sca = subject.sca_mut();
    sca.first_word = first_word;
    if !explicit {
        sca.take_over(answer);
        sca.finished = answer.status == Some(ScaStatus::Done);
    }
    // Without an id it is looked up later: the caller may not live to save the answer to the start.
    (sca.step, sca.unseen) = (step, sca.id.is_none());
    let step = match sca.finished {
        _ if explicit => Some(PsuStep::Begin),
        true => open_step(&mut subject, Some(ScaStatus::Done)),
        false => open_step(&mut subject, Some(ScaStatus::Waiting)),
    };
    Ok(subject.open(step))
}

/// What the PSU must do after this answer; `None` when the bank wants nothing of the PSU.
pub(super) fn step_of(subject: &impl Subject, answer: &Sca, reply: &Reply, asked: &Url) -> Result<Option<PsuStep>, BankError> {
    let bank = subject.bank();
    if let Some(link) = answer.links.get("scaRedirect") {
        let page = bank.addresses.sca_page(link, asked);
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
        _ => bank.protocol.sca_approach == ScaApproach::Decoupled,
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
pub(super) async fn begin<S: Subject>(mut subject: S, psu_id: Option<&SecretString>) -> Result<S::Answer, BankError> {
    if subject.sca().step != Some(PsuStep::Begin) {
        return Err(BankError::Unsupported);
    }
    let (bank, asked) = (subject.bank().clone(), subject.authorisations(None)?);
    let mut call = subject.prepare(&bank, "begin", Method::POST, asked.clone())?;
    call.request_id = subject.start_id(subject.sca().starts);
    call.body = Body::Json(b"{}".to_vec());
    let (return_url, state) = subject.way();
    headers::way(&mut call.headers, bank.protocol.sca_approach, return_url, state)?;
    headers::psu_id(&mut call.headers, psu_id)?;
    let reply = match bank.http.call(call).await {
        Err(error @ BankError::Unknown(_)) => return Ok(maybe_begun(subject, &error)),
        other => other?,
    };
    let Some(answer) = Sca::read(&reply.body) else {
        let unreadable = BankError::Unknown("the answer to the start is unreadable".to_owned());
        return Ok(maybe_begun(subject, &unreadable));
    };
    let step = step_of(&subject, &answer, &reply, &asked)?;
    let status = answer.status.unwrap_or(ScaStatus::Waiting);
    // A bank that now wants the password of the PSU's online bank, or nothing that we know, asked nobody.
    let stuck = step.is_none() && !matches!(status, ScaStatus::Done | ScaStatus::Failed);
    if stuck || answer.links.want_a_password() {
        return Err(BankError::Unsupported);
    }
    let sca = subject.sca_mut();
    sca.starts = sca.starts.saturating_add(1);
    (sca.id, sca.method) = (None, None);
    sca.take_over(&answer);
    (sca.step, sca.unseen) = (step, sca.id.is_none());
    told(subject, status).await
}

fn maybe_begun<S: Subject>(mut subject: S, error: &BankError) -> S::Answer {
    let bank = subject.bank().clone();
    tracing::warn!(bank = %bank.code, %error, "whether the authorisation was started is not known");
    let sca = subject.sca_mut();
    sca.unseen = true;
    if bank.protocol.sca_approach == ScaApproach::Decoupled {
        sca.step = Some(PsuStep::ApproveInApp { message: None });
    }
    let step = open_step(&mut subject, Some(ScaStatus::Waiting));
    subject.open(step)
}

/// What the PSU gave on our page, handed over.
pub(super) async fn answered<S: Subject>(subject: S, reply: &PsuReply) -> Result<S::Answer, BankError> {
    match reply {
        PsuReply::Begin { psu_id } => begin(subject, psu_id.as_ref()).await,
        PsuReply::Method(id) => embedded::choose(subject, id).await,
        PsuReply::Code(code) => embedded::enter(subject, code).await,
        PsuReply::Resend => embedded::resend(subject).await,
        PsuReply::CameBack { .. } => Err(BankError::Unsupported),
    }
}

/// The PSU came back from a plain redirect, which proves nothing: the bank is asked. Where it does not answer,
/// nothing has changed, and it is asked again soon.
pub(super) async fn came_back<S: Subject>(subject: S) -> Result<S::Answer, BankError> {
    let mut as_it_was = subject.copy();
    match look(subject).await {
        Err(error) if !matches!(error, BankError::Unsupported) => {
            tracing::warn!(bank = %as_it_was.bank().code, %error, "the PSU came back, and the bank does not answer");
            let step = open_step(&mut as_it_was, None);
            Ok(as_it_was.open_and_ask_soon(step))
        }
        answer => answer,
    }
}

/// Asks what became of the authorisation, and of the order or consent.
pub(super) async fn look<S: Subject>(mut subject: S) -> Result<S::Answer, BankError> {
    let status = sca_status(&mut subject).await?;
    match subject.read_word().await {
        Ok(()) => Ok(conclude(subject, status).await),
        // The bank has said that it waits for the PSU.
        Err(_) if matches!(status, Some(ScaStatus::Waiting | ScaStatus::MethodSelected)) => Ok(conclude(subject, status).await),
        Err(error) => Err(error),
    }
}

/// The bank has just said how the authorisation stands. Where it has ended, the status of the order or consent is
/// asked for; without it the authorisation's own counts, and the next question brings the rest.
pub(super) async fn told<S: Subject>(mut subject: S, status: ScaStatus) -> Result<S::Answer, BankError> {
    if matches!(status, ScaStatus::Done | ScaStatus::Failed)
        && let Err(error) = subject.read_word().await
    {
        tracing::warn!(bank = %subject.bank().code, %error, "the authorisation has ended, what it was for has no known status yet");
    }
    Ok(conclude(subject, Some(status)).await)
}

pub(super) async fn conclude<S: Subject>(mut subject: S, status: Option<ScaStatus>) -> S::Answer {
    if status == Some(ScaStatus::Done) {
        subject.sca_mut().finished = true;
    }
    if subject.is_over() {
        let wrong = subject.sca().prompt().is_some_and(|prompt| prompt.wrong);
        return subject.over(status, wrong).await;
    }
    let step = open_step(&mut subject, status);
    subject.open(step)
}

/// What the PSU must do while the word is no end. An authorisation that failed has not ended what it is for: by
/// the standard another one can be started until the bank itself says so. Where the authorisation's status is not
/// known, the word tells whether anything has happened since the order or consent was taken.
pub(super) fn open_step<S: Subject>(subject: &mut S, status: Option<ScaStatus>) -> Option<PsuStep> {
    let pushes = subject.bank().protocol.sca_approach == ScaApproach::Decoupled;
    let untouched = subject.word() == S::FRESH_WORD || subject.word() == subject.sca().first_word;
    let sca = subject.sca_mut();
    match status {
        Some(ScaStatus::Done) => return None,
        Some(ScaStatus::Failed) => sca.step = Some(PsuStep::Begin),
        // An authorisation whose start we have not seen: the PSU can go on with it all the same.
        Some(ScaStatus::MethodSelected) if sca.step == Some(PsuStep::Begin) => {
            sca.step = Some(PsuStep::EnterCode(CodePrompt::default()));
        }
        Some(ScaStatus::Waiting) if pushes && sca.step == Some(PsuStep::Begin) => {
            sca.step = Some(PsuStep::ApproveInApp { message: None });
        }
        Some(ScaStatus::Waiting | ScaStatus::MethodSelected) => {}
        None if sca.finished || !untouched => return None,
        None => {}
    }
    sca.step.clone()
}

/// How the authorisation stands; `None` when the bank does not tell. An authorisation whose id got lost is
/// looked up first: only this conversation starts one, so the last is it.
pub(super) async fn sca_status(subject: &mut impl Subject) -> Result<Option<ScaStatus>, BankError> {
    if subject.sca().finished {
        return Ok(Some(ScaStatus::Done));
    }
    if subject.sca().id.is_none() && subject.sca().unseen {
        let url = subject.authorisations(None)?;
        match read(subject, "authorisations", url, sca::listed).await? {
            Some(mut ids) => subject.sca_mut().id = ids.pop(),
            None => subject.sca_mut().unseen = false,
        }
    }
    let Some(id) = &subject.sca().id else { return Ok(None) };
    let url = subject.authorisations(Some(id))?;
    let answer = read(subject, "sca_status", url, Sca::read).await?;
    Ok(answer.and_then(|answer| answer.status))
}

/// Reads what a bank may not offer: a refusal is no answer.
async fn read<T>(
    subject: &mut impl Subject,
    operation: &'static str,
    url: Url,
    read: fn(&[u8]) -> Option<T>,
) -> Result<Option<T>, BankError> {
    let bank = subject.bank().clone();
    let call = subject.prepare(&bank, operation, Method::GET, url)?;
    match bank.http.call(call).await {
        Ok(reply) => Ok(read(&reply.body)),
        Err(BankError::Refused { status, .. }) if status != 429 => Ok(None),
        Err(error) => Err(error),
    }
}
