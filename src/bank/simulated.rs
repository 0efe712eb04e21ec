//! The connector of the simulation's banks: it keeps the same contract as the real ones, and what it says to
//! a bank goes over a [`Line`] that the simulation holds both ends of.

mod accounts;

use super::oauth::{CameBack, Secret, came_back};
use super::{
    Answer, BankError, CodePrompt, Order, PaymentInitiation, PsuContext, PsuReply, PsuStep, Reason, ScaMethod, Session, SessionState,
    Verdict,
};
use crate::payment::PaymentId;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How a bank's PSUs authorise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// On the bank's page; the status is told to a token only that the code of the return buys.
    Oauth,
    /// On the bank's page.
    Link,
    /// As before, but the authorisation is started by a call of its own.
    LinkOnBegin,
    /// In the bank's app, asked as soon as the order is there.
    Push,
    /// In the bank's app, asked by a call of its own.
    PushOnBegin,
    /// With a code that is entered on our page.
    CodeOnBegin,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Oauth,
        Self::Link,
        Self::LinkOnBegin,
        Self::Push,
        Self::PushOnBegin,
        Self::CodeOnBegin,
    ];
}

/// What is said to a bank.
#[derive(Clone, Debug)]
pub enum Request {
    /// POST of an order.
    Initiate {
        /// Whose.
        payment: PaymentId,
        /// Which attempt.
        attempt: u32,
        /// What comes back with the PSU; the bank ties codes to it, as PKCE does.
        state: String,
    },
    /// Starts the authorisation of an order.
    Begin(String),
    /// Chooses how the code comes.
    Method(String),
    /// Wants another code.
    Resend(String),
    /// The PSU's one-time code.
    Code(String, String),
    /// Buys a token: code and state.
    Exchange(String, String),
    /// Asks for the status of an order, perhaps with a token.
    Status(String, Option<String>),
    /// Cancels an order.
    Delete(String),
}

/// What a bank says.
#[derive(Clone, Debug)]
pub enum Response {
    /// It has the order, under this id, in this status.
    Taken(String, String),
    /// The PSU is asked; the code comes at once, or a method is to be chosen.
    Begun {
        /// A method must be chosen first.
        choose: bool,
    },
    /// A code is on its way.
    CodeSent,
    /// The code was wrong.
    WrongCode,
    /// A token.
    Token(String),
    /// The status word, and whether the bank still waits for the PSU.
    Status(String, bool),
    /// The order cannot be executed any more.
    Deleted,
}

/// The way to a bank and back.
pub trait Line: fmt::Debug + Send + Sync {
    /// Says something to a bank; its answer, or what became of it.
    fn call<'a>(&'a self, bank: &'a str, request: Request) -> BoxFuture<'a, Result<Response, BankError>>;
}

/// What must survive between two calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    order: String,
    state: Secret,
    code: Option<Secret>,
    token: Option<Secret>,
    word: String,
    step: PsuStep,
}

/// A bank.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Its code.
    pub code: String,
    /// How its PSUs authorise.
    pub style: Style,
    /// An order the PSU has not authorised can be withdrawn.
    pub withdraw_before_sca: bool,
    /// The way there.
    pub line: Arc<dyn Line>,
}

/// A working copy of a conversation.
struct Turn<'a> {
    bank: &'a Simulated,
    session: Session,
    talk: Conversation,
}

impl<'a> Turn<'a> {
    fn new(bank: &'a Simulated, session: &Session) -> Self {
        let SessionState::Simulated(talk) = &session.state else {
            unreachable!("a session of another bank")
        };
        let (mut session, talk) = (session.clone(), (**talk).clone());
        session.calls += 1;
        Self { bank, session, talk }
    }

    async fn say(&self, request: Request) -> Result<Response, BankError> {
        self.bank.line.call(&self.bank.code, request).await
    }

    fn answer(mut self, verdict: Verdict) -> Answer {
        if let Verdict::PsuNeeded(step) = &verdict {
            self.talk.step = step.clone();
        }
        let bank_word = self.talk.word.clone();
        self.session.state = SessionState::Simulated(Box::new(self.talk));
        Answer {
            verdict,
            bank_word,
            session: self.session,
            ask_again_after: Duration::from_secs(2),
            instructions: Vec::new(),
        }
    }

    /// Where things stand without asking.
    fn standing(self) -> Answer {
        let was_there = self.talk.code.is_some() || self.talk.token.is_some();
        let verdict = if was_there {
            Verdict::StillWorking
        } else {
            Verdict::PsuNeeded(self.talk.step.clone())
        };
        self.answer(verdict)
    }

    async fn exchange_and_ask(mut self, code: Secret) -> Result<Answer, BankError> {
        match self.exchange(&code).await {
            Ok(()) => self.ask(true).await,
            Err(BankError::NotSent(_) | BankError::Refused { status: 429, .. }) => {
                self.talk.code = Some(code);
                Ok(self.answer(Verdict::StillWorking))
            }
            Err(error) => Err(error),
        }
    }

    async fn exchange(&mut self, code: &Secret) -> Result<(), BankError> {
        let request = Request::Exchange(code.expose().to_owned(), self.talk.state.expose().to_owned());
        let Response::Token(token) = self.say(request).await? else {
            return Err(BankError::Unknown("no token in the answer".into()));
        };
        self.talk.token = Some(Secret::from(token));
        self.talk.code = None;
        Ok(())
    }

    async fn resume(mut self) -> Result<Answer, BankError> {
        if let (None, Some(code)) = (&self.talk.token, self.talk.code.clone()) {
            match self.exchange(&code).await {
                Ok(()) => return self.ask(true).await,
                Err(BankError::Refused { status, .. }) if status != 429 => {
                    self.talk.code = None;
                    return Ok(self.answer(Verdict::StillWorking));
                }
                Err(error) => return Err(error),
            }
        }
        if self.talk.token.is_none() && self.bank.style == Style::Oauth {
            return Err(BankError::Unsupported);
        }
        self.ask(false).await
    }

    /// Asks; what exists only here (`must_keep`) is not lost with an error.
    async fn ask(mut self, must_keep: bool) -> Result<Answer, BankError> {
        let token = self.talk.token.as_ref().map(|t| t.expose().to_owned());
        match self.say(Request::Status(self.talk.order.clone(), token)).await {
            Ok(Response::Status(word, waits)) => {
                self.talk.word = word;
                match ending(&self.talk.word) {
                    Some(end) => Ok(self.answer(end)),
                    None if waits => Ok(self.standing()),
                    None => Ok(self.answer(Verdict::StillWorking)),
                }
            }
            Err(_) if must_keep => Ok(self.answer(Verdict::StillWorking)),
            Ok(_) => Err(BankError::Unknown("no status in the answer".into())),
            Err(error) => Err(error),
        }
    }

    /// Says something that makes the PSU be asked, or the PSU's part.
    async fn authorise(mut self, request: Request) -> Result<Answer, BankError> {
        let begins = matches!(request, Request::Begin(_));
        let said = self.say(request).await;
        let step = match said {
            Ok(Response::Begun { choose }) => self.bank.first_step(&self.talk.order, choose),
            Ok(Response::CodeSent) => enter_code(false),
            Ok(Response::WrongCode) => enter_code(true),
            Ok(Response::Status(word, waits)) => {
                self.talk.word = word;
                let verdict = ending(&self.talk.word).unwrap_or(Verdict::StillWorking);
                return Ok(if waits { self.standing() } else { self.answer(verdict) });
            }
            Ok(_) => return Err(BankError::Unknown("an answer to something else".into())),
            Err(BankError::Unknown(_)) if begins && self.bank.style == Style::PushOnBegin => PsuStep::ApproveInApp { message: None },
            Err(BankError::Unknown(_)) if begins => PsuStep::Begin,
            Err(error) => return Err(error),
        };
        Ok(self.answer(Verdict::PsuNeeded(step)))
    }
}

fn enter_code(wrong: bool) -> PsuStep {
    PsuStep::EnterCode(CodePrompt {
        can_resend: true,
        wrong,
        ..CodePrompt::default()
    })
}

fn ending(word: &str) -> Option<Verdict> {
    match word {
        "ACSC" | "ACCC" => Some(Verdict::Settled),
        "RJCT" => Some(Verdict::Rejected(Reason::BankDeclined)),
        "CANC" => Some(Verdict::Cancelled(Reason::BankDeclined)),
        _ => None,
    }
}

impl Simulated {
    /// What the PSU does first, once asked.
    fn first_step(&self, order: &str, choose: bool) -> PsuStep {
        match self.style {
            Style::Oauth | Style::Link | Style::LinkOnBegin => PsuStep::GoToBank {
                url: Url::parse(&format!("https://{}.example/{order}", self.code)).unwrap(),
            },
            Style::Push | Style::PushOnBegin => PsuStep::ApproveInApp { message: None },
            Style::CodeOnBegin if choose => PsuStep::ChooseMethod {
                methods: ["sms", "app"].map(method).into(),
            },
            Style::CodeOnBegin => enter_code(false),
        }
    }
}

fn method(id: &str) -> ScaMethod {
    ScaMethod {
        id: id.into(),
        name: id.into(),
        kind: String::new(),
    }
}

impl PaymentInitiation for Simulated {
    async fn initiate(&self, order: &Order, psu: &PsuContext) -> Result<Answer, BankError> {
        let request = Request::Initiate {
            payment: order.payment,
            attempt: order.attempt,
            state: psu.state.clone(),
        };
        let Response::Taken(id, word) = self.line.call(&self.code, request).await? else {
            return Err(BankError::Unknown("the answer names no order".into()));
        };
        let step = match self.style {
            Style::Oauth | Style::Link | Style::Push => self.first_step(&id, false),
            Style::LinkOnBegin | Style::PushOnBegin | Style::CodeOnBegin => PsuStep::Begin,
        };
        let talk = Conversation {
            order: id.clone(),
            state: Secret::from(psu.state.clone()),
            code: None,
            token: None,
            word,
            step: step.clone(),
        };
        let session = Session {
            payment: order.payment,
            attempt: order.attempt,
            calls: 1,
            bank_payment_id: Some(id),
            state: SessionState::Simulated(Box::new(talk.clone())),
        };
        let verdict = ending(&talk.word).unwrap_or(Verdict::PsuNeeded(step));
        Ok(Turn { bank: self, session, talk }.answer(verdict))
    }

    async fn reply(&self, session: &Session, reply: &PsuReply) -> Result<Answer, BankError> {
        let turn = Turn::new(self, session);
        let order = turn.talk.order.clone();
        match (reply, self.style) {
            (PsuReply::CameBack { query }, Style::Oauth) => match came_back(query, &turn.talk.state) {
                CameBack::Code(_) if turn.talk.token.is_some() => turn.resume().await,
                CameBack::Code(code) => turn.exchange_and_ask(code).await,
                CameBack::Denied if turn.talk.code.is_none() && turn.talk.token.is_none() => {
                    Ok(turn.answer(Verdict::Rejected(Reason::PsuDeclined)))
                }
                CameBack::Denied | CameBack::Nothing => Ok(turn.standing()),
            },
            (PsuReply::CameBack { .. }, Style::Link | Style::LinkOnBegin) => turn.ask(false).await,
            (PsuReply::Begin { .. }, Style::LinkOnBegin | Style::PushOnBegin | Style::CodeOnBegin) => {
                turn.authorise(Request::Begin(order)).await
            }
            (PsuReply::Method(_), Style::CodeOnBegin) => turn.authorise(Request::Method(order)).await,
            (PsuReply::Resend, Style::CodeOnBegin) => turn.authorise(Request::Resend(order)).await,
            (PsuReply::Code(code), Style::CodeOnBegin) => {
                let code = code.expose_secret().to_owned();
                turn.authorise(Request::Code(order, code)).await
            }
            _ => Err(BankError::Unsupported),
        }
    }

    async fn ask(&self, session: &Session) -> Result<Answer, BankError> {
        Turn::new(self, session).resume().await
    }

    async fn withdraw(&self, session: &Session) -> Result<Answer, BankError> {
        let turn = Turn::new(self, session);
        if turn.talk.token.is_none() && !self.withdraw_before_sca {
            return Err(BankError::Unsupported);
        }
        match turn.say(Request::Delete(turn.talk.order.clone())).await? {
            Response::Deleted => Ok(turn.answer(Verdict::Cancelled(Reason::Withdrawn))),
            _ => Err(BankError::Unknown("the answer does not say that the order is cancelled".into())),
        }
    }
}
