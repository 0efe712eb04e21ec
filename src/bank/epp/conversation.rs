//! A conversation about the orders of one payment: created, started with a channel for the code, confirmed by the
//! code, carried out one by one.

use super::desk::{Ask, Desk};
use super::protocol::Channel;
use super::wire::{self, Ended, Standing};
use super::{Epp, reading, request_id};
use crate::bank::http::Body;
use crate::bank::{Answer, BankError, InstructionStatus, PsuStep, Session, SessionState, Verdict};
use futures_util::{StreamExt as _, stream};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most orders read in one continuation of the conversation.
const MAX_LOOKS: usize = 1000;
/// How many are read at a time.
const LOOKS_AT_A_TIME: usize = 8;

/// What must survive between two calls. A one-time code is never part of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Whose service account is used: our own id of the partner.
    pub(super) partner: String,
    /// The orders; empty when the bank took none.
    pub(super) items: Vec<Item>,
    /// How far the payment is.
    pub(super) stage: Stage,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// One order.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) end_to_end_id: String,
    pub(super) order_id: String,
    /// How it ended.
    pub(super) paid: Option<bool>,
}

/// How far the payment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// The orders are there, and nothing was started.
    Created,
    /// The bank waits for the code.
    Started {
        /// `paymentIdTagName`.
        tag: String,
        /// Where the code went, where that is known.
        channel: Option<Channel>,
        /// The code entered last was wrong.
        wrong: bool,
    },
    /// The code was right.
    Confirmed,
}

/// One continuation of a conversation, on a working copy of the session.
pub(super) struct Turn<'a> {
    bank: &'a Epp,
    desk: Desk<'a>,
    session: Session,
    pub(super) talk: Conversation,
    instructions: Vec<InstructionStatus>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(bank: &'a Epp, session: &Session) -> Self {
        let talk = session.state.epp().clone();
        Self {
            bank,
            desk: Desk::new(bank, &talk.partner),
            session: session.clone(),
            talk,
            instructions: Vec::new(),
        }
    }

    fn answer(mut self, verdict: Verdict, word: &str) -> Answer {
        self.session.state = SessionState::Epp(Box::new(self.talk));
        Answer {
            ask_again_after: reading::ask_again_after(&verdict),
            verdict,
            bank_word: word.to_owned(),
            session: self.session,
            instructions: self.instructions,
        }
    }

    /// What the payer must do as long as the code was not right; the bank works on it after that.
    pub(super) fn waiting(self) -> Result<Answer, BankError> {
        if self.talk.items.is_empty() {
            return Err(BankError::Unsupported);
        }
        let step = match &self.talk.stage {
            Stage::Confirmed => return Ok(self.answer(Verdict::StillWorking, "ACSP")),
            Stage::Started { channel, wrong, .. } => PsuStep::EnterCode(reading::prompt(*channel, *wrong)),
            Stage::Created => match self.bank.protocol.channels.as_slice() {
                [_] => PsuStep::Begin,
                several => PsuStep::ChooseMethod {
                    methods: several.iter().map(|c| reading::method(*c)).collect(),
                },
            },
        };
        Ok(self.answer(Verdict::PsuNeeded(step), "RCVD"))
    }

    fn ask_of(&mut self, operation: &'static str, method: Method, path: &[&str], body: Body) -> Result<Ask, BankError> {
        let number = usize::try_from(self.session.calls).unwrap_or_default();
        self.session.calls = self.session.calls.saturating_add(1);
        Ok(Ask {
            operation,
            request_id: request_id(self.session.payment, self.session.attempt, operation, number),
            method,
            url: self.bank.address(path)?,
            body,
        })
    }

    /// Starts the payment: the bank locks the orders and sends the code. A lost answer is no error: without a code
    /// nothing is paid, and the orders tell whether the payment was started.
    pub(super) async fn start(mut self, channel: Channel) -> Result<Answer, BankError> {
        if self.talk.stage != Stage::Created || self.talk.items.is_empty() {
            return Err(BankError::Unsupported);
        }
        let ids: Vec<Value> = self.talk.items.iter().map(|item| id_value(&item.order_id)).collect();
        let body = json!({ "PaymentOrderIds": ids, "TwoFactorAuthenticationChannel": channel.as_str() });
        let ask = self.ask_of("begin", Method::POST, &["payments"], Body::Json(body.to_string().into_bytes()))?;
        let failed = match self.desk.call(ask).await {
            Ok(answered) => match (answered.error, wire::text(&answered.payload, "paymentIdTagName")) {
                (None, Some(tag)) => {
                    self.started(tag, Some(channel));
                    return self.waiting();
                }
                (Some(error), _) => super::desk::refused(error),
                (None, None) => BankError::Unknown("the answer to the start names no payment".to_owned()),
            },
            Err(error @ BankError::NotSent(_)) => return Err(error),
            Err(error) => error,
        };
        tracing::warn!(bank = %self.bank.code, error = %failed, "whether the payment was started is looked up");
        let standing = self.first().await;
        match (standing, failed) {
            (Ok(Standing { started: Some(tag), .. }), _) => self.started(tag, Some(channel)),
            (_, refused @ BankError::Refused { .. }) => return Err(refused),
            _ => {}
        }
        self.waiting()
    }

    fn started(&mut self, tag: String, channel: Option<Channel>) {
        let known = match &self.talk.stage {
            Stage::Started {
                tag: known,
                channel,
                wrong,
            } if *known == tag => Some((*channel, *wrong)),
            _ => None,
        };
        let (channel, wrong) = known.unwrap_or((channel, false));
        self.talk.stage = Stage::Started { tag, channel, wrong };
    }

    /// Hands the code over, once. What became of one whose answer is lost, the orders tell; where they do not say
    /// that it was right, nobody knows whether the bank still works on it.
    pub(super) async fn confirm(mut self, code: &SecretString) -> Result<Answer, BankError> {
        let Stage::Started { tag, .. } = self.talk.stage.clone() else {
            return Err(BankError::Unsupported);
        };
        let body = json!({ "PaymentIdTagName": tag, "Token": code.expose_secret() });
        let ask = self.ask_of("enter_code", Method::PUT, &["payments"], Body::Json(body.to_string().into_bytes()))?;
        let error = match self.desk.call(ask).await {
            Ok(answered) => match answered.error {
                None => {
                    self.talk.stage = Stage::Confirmed;
                    self.keep_tag(&answered.payload);
                    return self.waiting();
                }
                Some(error) => super::desk::refused(error),
            },
            Err(error @ BankError::NotSent(_)) => return Err(error),
            Err(error) => error,
        };
        if reading::is(&error, "InvalidToken") {
            self.was_wrong();
            return self.waiting();
        }
        let standing = self.first().await;
        match standing {
            Ok(standing) if standing.confirmed => {
                self.talk.stage = Stage::Confirmed;
                self.waiting()
            }
            // The bank says that it refused: the code was used before, or its time is over.
            Ok(Standing { started: Some(_), .. }) if reading::is(&error, "UsedToken") => {
                self.was_wrong();
                self.waiting()
            }
            Ok(Standing { started: None, .. }) if matches!(error, BankError::Refused { .. }) => {
                self.talk.stage = Stage::Created;
                self.waiting()
            }
            _ => Err(reading::after_a_code(error)),
        }
    }

    fn keep_tag(&mut self, payload: &Value) {
        if let Some(tag) = wire::text(payload, "paymentTagName") {
            self.session.bank_payment_id = Some(tag);
        }
    }

    fn was_wrong(&mut self) {
        if let Stage::Started { wrong, .. } = &mut self.talk.stage {
            *wrong = true;
        }
    }

    /// Asks how far the payment is, and after that how its orders ended.
    pub(super) async fn look(mut self) -> Result<Answer, BankError> {
        if self.talk.stage == Stage::Confirmed {
            return self.executed().await;
        }
        let standing = self.first().await?;
        if standing.confirmed {
            self.talk.stage = Stage::Confirmed;
            return self.executed().await;
        }
        match standing.started {
            Some(tag) => self.started(tag, None),
            None => self.talk.stage = Stage::Created,
        }
        self.waiting()
    }

    /// Cancelled means: the bank says that no payment of these orders is confirmed or waits for a code, and only
    /// such orders are carried out. While a code could still be given, it is not certain.
    pub(super) async fn give_up(mut self) -> Result<Answer, BankError> {
        let standing = self.first().await?;
        if standing.confirmed {
            self.talk.stage = Stage::Confirmed;
            return Ok(self.answer(Verdict::StillWorking, "ACSP"));
        }
        if standing.started.is_some() {
            return Err(BankError::NotSent("the bank still waits for the code".to_owned()));
        }
        Ok(self.answer(Verdict::Cancelled(crate::bank::Reason::Withdrawn), "CANC"))
    }

    /// How the first order stands: until the code was right, all of them stand alike.
    async fn first(&mut self) -> Result<Standing, BankError> {
        let first = self.talk.items.first().ok_or(BankError::Unsupported)?.order_id.clone();
        let ask = self.ask_of("status", Method::GET, &["payment-orders", &first], Body::Empty)?;
        standing(&self.desk, ask).await
    }

    /// Reads the orders that have not ended. The first of them is looked at alone: as long as it has not ended,
    /// the others are hardly worth asking for.
    async fn executed(mut self) -> Result<Answer, BankError> {
        let open: Vec<usize> = (0..self.talk.items.len())
            .filter(|n| self.talk.items[*n].paid.is_none())
            .take(MAX_LOOKS)
            .collect();
        if let Some((first, rest)) = open.split_first() {
            let standing = self.one(*first).await?;
            if self.note(*first, standing) {
                self.read_more(rest).await?;
            }
        }
        let (verdict, word) = reading::of_all(&self.talk.items);
        Ok(self.answer(verdict, word))
    }

    async fn one(&mut self, n: usize) -> Result<Standing, BankError> {
        let id = self.talk.items[n].order_id.clone();
        let ask = self.ask_of("status", Method::GET, &["payment-orders", &id], Body::Empty)?;
        standing(&self.desk, ask).await
    }

    /// What was read is kept; an order whose answer got lost is read again another time.
    async fn read_more(&mut self, these: &[usize]) -> Result<(), BankError> {
        let mut asks = Vec::with_capacity(these.len());
        for n in these {
            let id = self.talk.items[*n].order_id.clone();
            asks.push((*n, self.ask_of("status", Method::GET, &["payment-orders", &id], Body::Empty)?));
        }
        let desk = &self.desk;
        let calls = asks.into_iter().map(|(n, ask)| async move { (n, standing(desk, ask).await) });
        let read: Vec<(usize, Result<Standing, BankError>)> = stream::iter(calls).buffer_unordered(LOOKS_AT_A_TIME).collect().await;
        for (n, result) in read {
            match result {
                Ok(standing) => drop(self.note(n, standing)),
                Err(error) => tracing::warn!(bank = %self.bank.code, %error, "how an order ended is not known yet"),
            }
        }
        Ok(())
    }

    /// Takes over how an order ended; whether it has.
    fn note(&mut self, n: usize, standing: Standing) -> bool {
        let Some(ended) = standing.ended else { return false };
        let item = &mut self.talk.items[n];
        let (paid, text) = match ended {
            Ended::Paid => (true, None),
            Ended::NotPaid(why) => (false, why),
        };
        item.paid = Some(paid);
        self.instructions.push(InstructionStatus {
            end_to_end_id: item.end_to_end_id.clone(),
            word: if paid { "ACSC" } else { "RJCT" }.to_owned(),
            text,
        });
        true
    }
}

async fn standing(desk: &Desk<'_>, ask: Ask) -> Result<Standing, BankError> {
    let answered = desk.call(ask).await?;
    let read = wire::standing(&answered.payload).filter(|_| answered.error.is_none());
    read.ok_or_else(|| BankError::Unknown("the order is unreadable".to_owned()))
}

/// An id as the bank wrote it: a number stays one.
fn id_value(id: &str) -> Value {
    match id.parse::<u64>() {
        Ok(number) if number.to_string() == id => number.into(),
        _ => id.into(),
    }
}
