//! What must hold: I1 to I6 of the quality plan, with the banks' own books as the judge.

use super::aspsp::{BankOrder, End};
use super::moves::browser;
use super::world::{Actor, Checked, Outcome, World};
use crate::bank::PsuStep;
use crate::flow::FlowError;
use crate::flow::open_page::Opened;
use crate::payment::transition::{CORRECTION, correct};
use crate::payment::{Event, Status, next};
use crate::store::history::{self, StoredEntry};
use crate::store::outbox;
use crate::store::payments::Payment;

use super::actor::complete;

/// What a flow says whose commit was not answered.
const COMMIT_UNKNOWN: &str = "the commit's outcome is not known";

impl World {
    /// A flow has come to its end: who asked for it learns what it learnt.
    pub(super) fn ended(&mut self, actor: &Actor, outcome: Outcome) -> Checked {
        let what = format!("payment {:?} {}", actor.life, actor.what);
        let error = match &outcome {
            Outcome::Link(Err(e))
            | Outcome::Page(_, Err(e))
            | Outcome::Key(Err(e))
            | Outcome::TakenOver(Err(e))
            | Outcome::Over(Err(e)) => Some(e),
            _ => None,
        };
        self.note(&format!("{what} ends {}", error.map_or_else(String::new, ToString::to_string)));
        if let Some(FlowError::Internal(text)) = error
            && !text.contains(COMMIT_UNKNOWN)
        {
            return Err(format!("{what} failed: {text}"));
        }
        let Some(n) = actor.life else { return Ok(()) };
        match outcome {
            Outcome::Link(Ok(link)) => {
                let secret = Self::secret_of(&link, "state");
                if self.lives[n].link.as_ref().is_some_and(|known| *known != secret) {
                    return Err(format!("payment {n}: the same order was answered with another link"));
                }
                self.lives[n].link = Some(secret);
            }
            Outcome::Link(Err(error)) if self.lives[n].link.is_some() && !matches!(error, FlowError::Busy | FlowError::Internal(_)) => {
                return Err(format!(
                    "I2: payment {n} was accepted, and the same order again is refused: {error}"
                ));
            }
            Outcome::Page(who, Ok(opened)) => self.seen(n, who, opened)?,
            Outcome::Key(Ok(address)) => self.lives[n].key = Some(Self::secret_of(&address, "key")),
            Outcome::TakenOver(Ok(_)) => {
                self.lives[n].browser = 1 - self.lives[n].browser.min(1);
                self.lives[n].key = None;
            }
            // After what a PSU does comes the page, unless they are gone.
            Outcome::Over(_) if self.lives[n].page.is_some() && self.dice.percent(80) => {
                let payment = self.payment(n);
                self.shown(n, payment)?;
            }
            _ => {}
        }
        self.is_true_now(n)
    }

    /// A page was shown in a browser.
    fn seen(&mut self, n: usize, who: usize, opened: Opened) -> Checked {
        let Opened::Bound(payment, _) = opened else { return Ok(()) };
        let life = &mut self.lives[n];
        if payment.browser_hash.as_deref() != Some(&browser(life, who)) {
            return Err(format!("payment {n} was shown to a browser it is not bound to"));
        }
        // Whoever opens it first is the PSU.
        life.browser = who;
        self.shown(n, *payment)
    }

    /// The PSU sees the page of a payment as it was read.
    fn shown(&mut self, n: usize, payment: Payment) -> Checked {
        let step = payment.psu_step.as_deref().map(|s| serde_json::from_str::<PsuStep>(s).unwrap());
        if let (Status::AwaitingPsu, Some(PsuStep::GoToBank { url })) = (payment.status, step) {
            let mut books = self.wire.books.lock().unwrap();
            let order = books.orders.iter_mut().find(|o| url.path() == format!("/{}", o.id)).unwrap();
            if order.payment != payment.id || payment.bank_payment_id.as_deref() != Some(&order.id) {
                return Err(format!("payment {n} shows the way to an order that is not its own: {}", order.id));
            }
            order.link_seen = true;
        }
        self.lives[n].page = Some(payment);
        Ok(())
    }

    /// What a payment says of itself agrees with the banks' books.
    pub(super) fn is_true_now(&mut self, n: usize) -> Checked {
        let payment = self.payment(n);
        let status = payment.status;
        let books = self.wire.books.lock().unwrap();
        if let Some(fault) = books.faults.first() {
            return Err(format!("payment {n}: {fault}"));
        }
        let within_reach = books.of(payment.id).filter(|o| o.moves_money()).count();
        if within_reach > 1 {
            return Err(format!("I1: payment {n}: {within_reach} orders can move money"));
        }
        let nothing_at_a_bank = status == Status::Created
            || status == Status::AttemptRefused
            || (status.is_final() && !matches!(status, Status::Settled | Status::PartlySettled));
        // The PSU said no, went back and said yes, and the bank refused to cancel: it looks the same as a bank that
        // has ended the order over the no, and only the code of the yes can tell.
        let believed = |o: &BankOrder| status == Status::Rejected && o.denied && o.kept;
        let money = books.of(payment.id).find(|o| o.moves_money() && !believed(o));
        if nothing_at_a_bank && let Some(order) = money {
            return Err(format!(
                "I4: payment {n} is {status}, and {} is {:?} {:?}",
                order.id, order.sca, order.end
            ));
        }
        let booked = books.of(payment.id).any(|o| o.end == Some(End::Booked));
        drop(books);
        if status == Status::Settled && !booked {
            return Err(format!("I4: payment {n} is settled, and nothing was booked"));
        }
        if payment.due_at.is_none() && !status.is_final() {
            return Err(format!("I6: payment {n} is {status}, and nothing is due"));
        }
        if payment.ended_at.is_some() != status.is_final() {
            return Err(format!("payment {n} is {status} and ended at {:?}", payment.ended_at));
        }
        self.partner_asks(n)
    }

    /// All that must hold once nothing is under way and every fault is over.
    pub(super) fn is_whole(&mut self) -> Checked {
        for n in 0..self.lives.len() {
            self.is_true_now(n)?;
            let payment = self.payment(n);
            let id = payment.id;
            let entries = complete(self.nodes[0].db.read(move |a| history::of(a, id))).unwrap();
            follows_the_table(n, &payment, &entries)?;
            for e in entries.iter().filter(|e| e.from_status != e.to_status) {
                self.count(format!("{} {} {}", e.from_status, e.event, e.to_status));
            }
            if payment.lease_until.is_some_and(|until| until > self.clock.now()) {
                return Err(format!("payment {n} is still held"));
            }
            self.is_known(n, &payment)?;
            self.was_mailed(n, &payment, &entries)?;
        }
        Ok(())
    }

    /// I2: what can still become money at a bank is known here, or the payment is in doubt. And a doubt that the
    /// bank could end does not last.
    fn is_known(&self, n: usize, payment: &Payment) -> Checked {
        let books = self.wire.books.lock().unwrap();
        for order in books.of(payment.id).filter(|o| o.moves_money()) {
            let known = payment.bank_payment_id.as_deref() == Some(&order.id);
            // Settled without knowing the order: an admin knew.
            let doubted = matches!(payment.status, Status::InDoubt | Status::Settled);
            if !known && !doubted {
                return Err(format!("I2: payment {n} is {} and does not know {}", payment.status, order.id));
            }
        }
        Ok(())
    }

    /// I5: a mail for each end that calls for one, all copies under one id, a second copy only when the first
    /// one's 250 was lost.
    fn was_mailed(&self, n: usize, payment: &Payment, entries: &[StoredEntry]) -> Checked {
        let id = payment.id;
        let sent = complete(self.nodes[0].db.read(move |a| outbox::of_payment(a, id))).unwrap();
        let inbox = self.wire.inbox.lock().unwrap();
        let mut wanted = Vec::new();
        for entry in entries.iter().filter(|e| e.from_status != e.to_status) {
            match (entry.event.as_str(), Status::parse(&entry.to_status)) {
                (CORRECTION, _) => wanted.push("corrected"),
                (_, Some(Status::Settled)) => wanted.push("settled"),
                (_, Some(Status::Rejected)) => wanted.push("refused"),
                (_, Some(Status::Cancelled)) => wanted.push("cancelled"),
                _ => {}
            }
        }
        for kind in &wanted {
            let written = sent.iter().filter(|d| d.kind.starts_with(kind)).count();
            if written != 1 {
                return Err(format!("I5: payment {n}: {written} mails say {kind}"));
            }
        }
        for mail in &sent {
            let copies = inbox.copies.get(&mail.message_id).copied().unwrap_or(0);
            let excused = inbox.excused.get(&mail.message_id).copied().unwrap_or(0);
            if copies == 0 || mail.sent_at.is_none() || copies > 1 + excused {
                return Err(format!("I5: payment {n}: {copies} copies of {} ({excused} excused)", mail.kind));
            }
        }
        Ok(())
    }
}

/// I3: the history is a path in the table, and an end is left by a correction only.
fn follows_the_table(n: usize, payment: &Payment, entries: &[StoredEntry]) -> Checked {
    let mut at = Status::Created;
    for entry in entries {
        let (from, to) = (Status::parse(&entry.from_status).unwrap(), Status::parse(&entry.to_status).unwrap());
        let by_table = Event::ALL.into_iter().find(|e| e.as_str() == entry.event).map(|e| next(from, e));
        let allowed = from == to || by_table == Some(Ok(to)) || (entry.event == CORRECTION && correct(from) == Ok(to));
        if from != at || !allowed {
            return Err(format!(
                "I3: payment {n}: {} leads from {from} to {to}, and it was {at}",
                entry.event
            ));
        }
        at = to;
    }
    if at != payment.status {
        return Err(format!("I3: payment {n} is {}, and its history ends with {at}", payment.status));
    }
    Ok(())
}
