//! ePP, the payment orders of the Serbian Treasury, with a service account of the partner's own: orders are
//! created, then paid together by a one-time code.
//!
//! ```text
//! initiate  POST payment-orders/validate, POST payment-orders   -> ids; errors of single orders end the attempt
//! reply     Method / Begin: POST payments (locks the orders, sends the code); Code: PUT payments
//! ask       GET payment-orders/{id}: how far the payment is, then how each order ended
//! withdraw  no call of its own: an order without a running or confirmed payment is never carried out
//! ```
//!
//! **Invariant:** nothing is paid before all orders were created and their ids are saved. A code leaves once: where
//! its answer is lost, the orders are looked up before another one can be entered. The code is passed on, never kept.

mod accounts;
mod conversation;
mod desk;
mod lookup;
mod protocol;
mod reading;
mod wire;

#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use protocol::{Channel, Protocol};

use super::access::Keeper;
use super::http::{BankHttp, Body};
use super::{
    Answer, BankError, InstructionStatus, Order, PaymentInitiation, PsuContext, PsuReply, Reason, Session, SessionState, Tools, Verdict,
};
use conversation::{Item, Stage, Turn};
use desk::{Ask, Desk};
use reqwest::Method;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use uuid::Uuid;
use wire::Created;

/// Namespace of our request ids (UUID version 5).
const REQUEST_IDS: Uuid = Uuid::from_u128(0x2c1b_3f6e_8a47_4c0e_9d21_7e55_0b9a_6c38);
/// How long an access token lives.
const TOKEN_LIFE: Duration = Duration::from_secs(20 * 60);

/// An ePP bank.
#[derive(Clone)]
pub struct Epp(Arc<Inner>);

/// What a connector knows; shared by its clones.
pub struct Inner {
    code: String,
    protocol: Protocol,
    base: Url,
    http: BankHttp,
    keeper: Keeper,
}

impl std::ops::Deref for Epp {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl std::fmt::Debug for Epp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Epp").field(&self.code).finish()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Epp {
    /// A connector for the bank called `code`, whose API is at `base` + `/api`.
    ///
    /// # Errors
    /// The field of the configuration and what is wrong with it.
    pub fn new(code: &str, protocol: &Protocol, base: &Url, tools: &Tools) -> Result<Self, (&'static str, String)> {
        check_base(base)?;
        Ok(Self(Arc::new(Inner {
            code: code.to_owned(),
            protocol: protocol.clone(),
            base: base.clone(),
            http: tools.http.clone(),
            keeper: tools.keeper.clone(),
        })))
    }

    /// An address of the API.
    fn address(&self, path: &[&str]) -> Result<Url, BankError> {
        let mut url = self.base.clone();
        let segments = url.path_segments_mut();
        segments
            .map_err(|()| BankError::Unsupported)?
            .pop_if_empty()
            .push("api")
            .extend(path);
        Ok(url)
    }
}

/// Checks an API's address.
///
/// # Errors
/// The field and what is wrong with it.
pub fn check_base(base: &Url) -> Result<(), (&'static str, String)> {
    if base.cannot_be_a_base() || base.query().is_some() || base.fragment().is_some() {
        return Err(("base_url", "must be an address without query and fragment".to_owned()));
    }
    Ok(())
}

/// An order on its way to the bank.
struct Initiation<'a> {
    bank: &'a Epp,
    desk: Desk<'a>,
    order: &'a Order,
}

impl Initiation<'_> {
    fn request_id(&self, operation: &str, number: usize) -> Uuid {
        request_id(self.order.payment, self.order.attempt, operation, number)
    }

    /// Our own id of one order, by its number from 1.
    fn external_id(&self, seq: usize) -> String {
        wire::external_id(self.order.payment, self.order.attempt, seq)
    }

    /// Sends all orders in one call; the answer tells of each.
    async fn post(&self, operation: &'static str, path: &[&str], body: &[u8]) -> Result<wire::Answered, BankError> {
        let ask = Ask {
            operation,
            request_id: self.request_id(operation, 0),
            method: Method::POST,
            url: self.bank.address(path)?,
            body: Body::Json(body.to_vec()),
        };
        self.desk.call(ask).await
    }

    /// The bank only checks; nothing is created.
    async fn validate(&self, body: &[u8]) -> Result<Option<Vec<InstructionStatus>>, BankError> {
        let answered = self.post("validate", &["payment-orders", "validate"], body).await?;
        if let Some(error) = answered.error {
            return Err(desk::refused(error));
        }
        Ok(self.refused(&wire::created(&answered.payload).unwrap_or_default()))
    }

    /// Creates the orders. A lost answer is looked for at the bank.
    async fn create(&self, body: &[u8]) -> Result<Result<Vec<String>, Vec<InstructionStatus>>, BankError> {
        let answered = match self.post("initiate", &["payment-orders"], body).await {
            Err(BankError::Unknown(why)) => {
                tracing::warn!(bank = %self.bank.code, why, "whether the orders were created is looked up");
                return self.look_all_up(None).await.map(Ok);
            }
            other => other?,
        };
        if let Some(error) = answered.error {
            return Err(desk::refused(error));
        }
        let Some(created) = wire::created(&answered.payload) else {
            return self.look_all_up(None).await.map(Ok);
        };
        if let Some(refused) = self.refused(&created) {
            return Ok(Err(refused));
        }
        let found = self.in_order(&created);
        let ids: Option<Vec<String>> = found.iter().map(|created| created.as_ref()?.id.clone()).collect();
        match ids {
            Some(ids) => Ok(Ok(ids)),
            None => self.look_all_up(None).await.map(Ok),
        }
    }

    /// What the bank said of each order: by our own id where it repeats it, else by its place.
    fn in_order<'c>(&self, created: &'c [Created]) -> Vec<Option<&'c Created>> {
        let count = self.order.instructions.len();
        let by_id: std::collections::HashMap<&str, &Created> =
            created.iter().filter_map(|c| Some((c.external_id.as_deref()?, c))).collect();
        let one = |n: usize| {
            let external_id = self.external_id(n + 1);
            let by_place = || created.get(n).filter(|c| c.external_id.is_none() && created.len() == count);
            by_id.get(external_id.as_str()).copied().or_else(by_place)
        };
        (0..count).map(one).collect()
    }

    /// The orders that the bank does not take; `None` when it takes all.
    fn refused(&self, created: &[Created]) -> Option<Vec<InstructionStatus>> {
        if created.iter().all(|c| c.error.is_none()) {
            return None;
        }
        let each = self.order.instructions.iter().zip(self.in_order(created));
        let refused = each.filter_map(|(i, created)| {
            Some(InstructionStatus {
                end_to_end_id: i.end_to_end_id.clone(),
                word: "RJCT".to_owned(),
                text: Some(created?.error.clone()?),
            })
        });
        Some(refused.collect())
    }

    fn session(&self, ids: &[String]) -> Session {
        let item = |(instruction, id): (&crate::payment::Instruction, &String)| Item {
            end_to_end_id: instruction.end_to_end_id.clone(),
            order_id: id.clone(),
            paid: None,
        };
        Session {
            payment: self.order.payment,
            attempt: self.order.attempt,
            calls: 0,
            bank_payment_id: Some(wire::tag(self.order.payment, self.order.attempt)),
            state: SessionState::Epp(Box::new(Conversation {
                partner: self.order.partner.clone(),
                items: self.order.instructions.iter().zip(ids).map(item).collect(),
                stage: Stage::Created,
            })),
        }
    }
}

/// The id of a call: the same call made again has the same.
fn request_id(payment: crate::payment::PaymentId, attempt: u32, operation: &str, number: usize) -> Uuid {
    Uuid::new_v5(&REQUEST_IDS, format!("{payment}/{attempt}/{operation}/{number}").as_bytes())
}

impl PaymentInitiation for Epp {
    /// An order of which the bank refuses a part is refused as a whole, with the bank's reason at each. Orders that
    /// were created all the same stay at the bank without a payment, and are never carried out by themselves.
    async fn initiate(&self, order: &Order, _: &PsuContext) -> Result<Answer, BankError> {
        let body = wire::orders(order, &self.protocol)?;
        let new = Initiation {
            bank: self,
            desk: Desk::new(self, &order.partner),
            order,
        };
        let ended = |instructions| Answer {
            verdict: Verdict::Rejected(Reason::BankDeclined),
            bank_word: "RJCT".to_owned(),
            session: new.session(&[]),
            ask_again_after: Duration::ZERO,
            instructions,
        };
        let ids = match new.look_up(1).await? {
            Some(first) => new.look_all_up(Some(first)).await?,
            None => {
                if let Some(refused) = new.validate(&body).await? {
                    return Ok(ended(refused));
                }
                match new.create(&body).await? {
                    Err(refused) => return Ok(ended(refused)),
                    Ok(ids) => ids,
                }
            }
        };
        Turn::new(self, &new.session(&ids)).waiting()
    }

    /// What each reply does is told where it is done: [`Turn::start`] and [`Turn::confirm`].
    async fn reply(&self, session: &Session, reply: &PsuReply) -> Result<Answer, BankError> {
        let turn = Turn::new(self, session);
        match reply {
            PsuReply::Begin { .. } => match self.protocol.channels.as_slice() {
                [only] => turn.start(*only).await,
                _ => Err(BankError::Unsupported),
            },
            PsuReply::Method(id) => {
                let channel = self.protocol.channels.iter().find(|c| c.as_str() == id);
                turn.start(*channel.ok_or(BankError::Unsupported)?).await
            }
            PsuReply::Code(code) => turn.confirm(code).await,
            PsuReply::Resend | PsuReply::CameBack { .. } => Err(BankError::Unsupported),
        }
    }

    async fn ask(&self, session: &Session) -> Result<Answer, BankError> {
        Turn::new(self, session).look().await
    }

    async fn withdraw(&self, session: &Session) -> Result<Answer, BankError> {
        Turn::new(self, session).give_up().await
    }
}
