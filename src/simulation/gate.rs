//! Where a flow stands still because it waits for the world outside: before what it sends has an effect there,
//! and before the answer is here. What becomes of it is decided by whoever opens the gate.

use super::aspsp::Books;
use crate::bank::BankError;
use crate::bank::simulated::{Line, Request, Response};
use crate::mail::{MailError, MailServer};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Where a flow waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// What it says to a bank has not arrived there.
    ToBank,
    /// The bank has acted; the answer is under way.
    FromBank,
    /// The message has not arrived at the mail server.
    ToMail,
    /// The mail server has taken it; its 250 is under way.
    FromMail,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrives.
    Arrives,
    /// It never left.
    NotSent,
    /// It is refused with this HTTP status, without an effect.
    Refused(u16),
    /// It is lost, and the sender does not know where.
    Lost,
    /// As lost; it will arrive later all the same.
    Late,
}

/// One flow's wait.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) point: Point,
    /// What is on its way to which bank.
    pub(super) said: Option<(String, Request)>,
    fate: Mutex<Option<Fate>>,
}

impl Gate {
    pub(super) fn open(&self, fate: Fate) {
        *self.fate.lock().unwrap() = Some(fate);
    }
}

/// What arrived at the mail server.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// Copies by message id.
    pub(super) copies: BTreeMap<String, usize>,
    /// Copies whose 250 has not arrived: it is under way, or lost, or its sender is dead.
    pub(super) unthanked: BTreeMap<String, usize>,
    /// Copies that another one could not be known of when they were sent.
    pub(super) excused: BTreeMap<String, usize>,
    /// The message that is moved now was claimed so long ago that another sender may have it by now.
    pub(super) stale: bool,
}

/// The way from flows to the world outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire {
    /// The gate before which the flow that is being moved has just come to stand.
    arrived: Arc<Mutex<Option<Arc<Gate>>>>,
    pub(super) books: Arc<Mutex<Books>>,
    pub(super) inbox: Arc<Mutex<Inbox>>,
}

impl Wire {
    /// The gate before which somebody has come to stand since this was last asked.
    pub(super) fn take_arrived(&self) -> Option<Arc<Gate>> {
        self.arrived.lock().unwrap().take()
    }

    async fn wait(&self, point: Point, said: Option<(String, Request)>) -> Fate {
        let gate = Arc::new(Gate {
            point,
            said,
            fate: Mutex::new(None),
        });
        *self.arrived.lock().unwrap() = Some(gate.clone());
        std::future::poll_fn(move |_| match *gate.fate.lock().unwrap() {
            Some(fate) => Poll::Ready(fate),
            None => Poll::Pending,
        })
        .await
    }

    async fn to_bank(&self, bank: &str, request: Request) -> Result<Response, BankError> {
        let lost = || Err(BankError::Unknown("simulated".into()));
        let said = (bank.to_owned(), request.clone());
        match self.wait(Point::ToBank, Some(said)).await {
            Fate::Arrives => {}
            Fate::NotSent => return Err(BankError::NotSent("simulated".into())),
            Fate::Refused(status) => return Err(refused(status)),
            Fate::Lost => return lost(),
            Fate::Late => {
                self.books.lock().unwrap().under_way.push((bank.to_owned(), request));
                return lost();
            }
        }
        let answer = self.books.lock().unwrap().receive(bank, request);
        match self.wait(Point::FromBank, None).await {
            Fate::Arrives => answer,
            _ => lost(),
        }
    }

    async fn to_mail(&self, message_id: String) -> Result<(), MailError> {
        let temporary = || Err(MailError::Temporary("simulated".into()));
        if self.wait(Point::ToMail, None).await != Fate::Arrives {
            return temporary();
        }
        {
            let mut inbox = self.inbox.lock().unwrap();
            if inbox.stale || inbox.unthanked.get(&message_id).is_some_and(|n| *n > 0) {
                *inbox.excused.entry(message_id.clone()).or_default() += 1;
            }
            *inbox.copies.entry(message_id.clone()).or_default() += 1;
            *inbox.unthanked.entry(message_id.clone()).or_default() += 1;
        }
        if self.wait(Point::FromMail, None).await != Fate::Arrives {
            return temporary();
        }
        let mut inbox = self.inbox.lock().unwrap();
        // Too late, the thanks change nothing any more.
        if !inbox.stale {
            *inbox.unthanked.entry(message_id).or_default() -= 1;
        }
        Ok(())
    }
}

/// A refusal of the request itself.
pub(super) fn refused(status: u16) -> BankError {
    BankError::Refused {
        status,
        code: "SIMULATED".into(),
        text: String::new(),
        retry_after_s: None,
    }
}

impl Line for Wire {
    fn call<'a>(&'a self, bank: &'a str, request: Request) -> BoxFuture<'a, Result<Response, BankError>> {
        self.to_bank(bank, request).boxed()
    }
}

impl MailServer for Wire {
    fn take(&self, message_id: String) -> BoxFuture<'_, Result<(), MailError>> {
        self.to_mail(message_id).boxed()
    }
}
