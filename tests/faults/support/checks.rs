//! The invariants I1 to I7, from our database on one side and the bank's ledger on the other.

use super::World;
use smartpay::payment::transition::{CORRECTION, correct};
use smartpay::payment::{Event, PaymentId, Status, next};
use smartpay::sandbox::{LedgerEvent, Order, Word};
use smartpay::store::history::{self, StoredEntry};
use smartpay::store::outbox::{self, Delivery};
use smartpay::store::payments::{self, Payment};
use smartpay::store::{Db, audit};
use std::collections::BTreeMap;

/// More than a scenario makes.
pub const MANY: i64 = 100_000;

/// What does not hold.
#[derive(Debug, Default)]
pub struct Violations(pub Vec<String>);

impl Violations {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

/// Insists on every invariant, with everything at rest.
pub async fn insist(world: &World) {
    let found = violations(world, MANY, true).await;
    assert!(found.0.is_empty(), "{} violations:\n{}", found.0.len(), found.0.join("\n"));
}

/// Checks the newest payments. Mails may still be on their way unless everything is `at_rest`.
pub async fn violations(world: &World, newest: i64, at_rest: bool) -> Violations {
    let db = world.db();
    let mut found = Violations::default();
    // First our own record, then the bank's: what we say happened must have happened there before.
    let ids = db.read(move |a| payments::newest(a, newest)).await.unwrap();
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        records.push(read(&db, id).await);
    }
    let mut by_payment: BTreeMap<String, Vec<Order>> = BTreeMap::new();
    for order in world.bank.orders() {
        by_payment
            .entry(order.received.end_to_end.clone().unwrap_or_default())
            .or_default()
            .push(order);
    }
    let bookings = bookings(world);
    let sent = world.mail.message_ids();
    for (payment, history, mails) in records {
        let orders = by_payment.remove(&format!("SP{}", payment.id)).unwrap_or_default();
        at_most_one_authorised(&mut found, &payment, &orders);
        orders_are_known(&mut found, &payment, &orders);
        history_is_a_path(&mut found, &payment, &history);
        agrees_with_the_bank(&mut found, &payment, &orders, &bookings);
        if at_rest {
            mailed(&mut found, &payment, &history, &mails, &sent);
        }
        looked_after(&mut found, &payment);
    }
    for (end_to_end, orders) in by_payment.into_iter().filter(|_| newest == MANY) {
        found.0.push(format!(
            "I2: {} orders at the bank for {end_to_end}, which we do not know",
            orders.len()
        ));
    }
    promises_are_kept(&mut found, world, &db).await;
    let chain = db.read(audit::verify).await.unwrap();
    found.unless(matches!(chain, audit::Verified::Intact { rows, .. } if rows > 0), || {
        format!("I7: the audit log is {chain:?}")
    });
    found
}

async fn read(db: &Db, id: PaymentId) -> (Payment, Vec<StoredEntry>, Vec<Delivery>) {
    db.read(move |a| {
        let payment = payments::get(a, id)?.unwrap();
        Ok((payment, history::of(a, id)?, outbox::of_payment(a, id)?))
    })
    .await
    .unwrap()
}

/// How often the bank moved money for each of its orders.
fn bookings(world: &World) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for entry in world.bank.ledger() {
        if matches!(entry.event, LedgerEvent::Booked { .. }) {
            *out.entry(entry.event.payment_id().to_owned()).or_default() += 1;
        }
    }
    out
}

fn at_most_one_authorised(found: &mut Violations, payment: &Payment, orders: &[Order]) {
    let authorised = orders.iter().filter(|o| o.authorised.is_some()).count();
    found.unless(authorised <= 1, || {
        format!("I1: payment {} has {authorised} authorised orders", payment.id)
    });
}

/// The bank could still move money for this order without anybody doing more.
fn may_execute(order: &Order) -> bool {
    order.authorised.is_some() && !matches!(order.status, Word::Rjct | Word::Canc)
}

/// An order that we do not know is harmless only when nobody has authorised it: its link never left the bank.
fn orders_are_known(found: &mut Violations, payment: &Payment, orders: &[Order]) {
    for order in orders {
        let known = payment.bank_payment_id.as_deref() == Some(&order.received.payment_id);
        let covered = known || payment.status == Status::InDoubt || order.authorised.is_none();
        found.unless(covered, || {
            format!(
                "I2: an authorised order of payment {} ({}) is not known",
                payment.id, payment.status
            )
        });
    }
}

fn history_is_a_path(found: &mut Violations, payment: &Payment, history: &[StoredEntry]) {
    let mut at = Status::Created;
    for (entry, seq) in history.iter().zip(1..) {
        let (Some(from), Some(to)) = (Status::parse(&entry.from_status), Status::parse(&entry.to_status)) else {
            found.0.push(format!("I3: payment {} has unknown words in its history", payment.id));
            return;
        };
        let by_table = Event::ALL.into_iter().find(|e| e.as_str() == entry.event).map(|e| next(from, e));
        let allowed = from == to || by_table == Some(Ok(to)) || (entry.event == CORRECTION && correct(from) == Ok(to));
        let out_of_an_end = at.is_final() && to != at && entry.event != CORRECTION;
        found.unless(from == at && allowed && !out_of_an_end && entry.seq == seq, || {
            format!("I3: payment {}: {at}, then {} from {from} to {to}", payment.id, entry.event)
        });
        at = to;
    }
    found.unless(at == payment.status, || {
        format!("I3: payment {} is {}, its history ends in {at}", payment.id, payment.status)
    });
}

fn agrees_with_the_bank(found: &mut Violations, payment: &Payment, orders: &[Order], bookings: &BTreeMap<String, usize>) {
    let booked: usize = orders
        .iter()
        .map(|o| bookings.get(&o.received.payment_id).copied().unwrap_or(0))
        .sum();
    found.unless(booked <= 1, || {
        format!("I1: the bank moved money {booked} times for payment {}", payment.id)
    });
    if payment.status == Status::Settled {
        found.unless(booked == 1, || {
            format!("I4: payment {} is settled, the bank booked {booked} times", payment.id)
        });
    } else if payment.status.is_final() {
        let live = orders.iter().filter(|o| may_execute(o)).count();
        found.unless(booked == 0 && live == 0, || {
            format!(
                "I4: payment {} is {}, and {live} of its orders may execute",
                payment.id, payment.status
            )
        });
    }
}

fn mailed(found: &mut Violations, payment: &Payment, history: &[StoredEntry], mails: &[Delivery], sent: &[String]) {
    let ends = |entry: &&StoredEntry| entry.from_status != entry.to_status;
    for end in history.iter().filter(ends) {
        let kind = match (end.event.as_str(), Status::parse(&end.to_status)) {
            (CORRECTION, _) => "corrected",
            (_, Some(Status::Settled)) => "settled",
            (_, Some(Status::Rejected)) => "refused",
            (_, Some(Status::Cancelled)) => "cancelled",
            _ => continue,
        };
        let of_kind: Vec<&Delivery> = mails.iter().filter(|m| m.kind == kind).collect();
        found.unless(of_kind.len() == 1, || {
            format!("I5: payment {} has {} mails „{kind}”", payment.id, of_kind.len())
        });
        for mail in of_kind {
            let copies = sent.iter().filter(|id| id.contains(&mail.message_id)).count();
            found.unless(mail.sent_at.is_some() && copies >= 1, || {
                format!(
                    "I5: mail „{kind}” of payment {} was taken {copies} times, sent at {:?}",
                    payment.id, mail.sent_at
                )
            });
        }
    }
}

fn looked_after(found: &mut Violations, payment: &Payment) {
    found.unless(payment.status.is_final() || payment.due_at.is_some(), || {
        format!("I6: payment {} is {} and nobody will look at it again", payment.id, payment.status)
    });
}

/// Whatever was acknowledged is there.
async fn promises_are_kept(found: &mut Violations, world: &World, db: &Db) {
    let (accepted, at_bank, finals) = {
        let promises = world.promises.lock().unwrap();
        (promises.accepted.clone(), promises.at_bank.clone(), promises.finals.clone())
    };
    for number in accepted {
        let id = PaymentId::from_number(number).unwrap();
        let payment = db.read(move |a| payments::get(a, id)).await.unwrap();
        found.unless(payment.is_some_and(|p| p.request_hash.is_some()), || {
            format!("I2: payment {number} was accepted and is gone")
        });
    }
    for number in at_bank {
        let (payment, history, _) = read(db, PaymentId::from_number(number).unwrap()).await;
        let known = payment.attempts > 0 && history.iter().any(|e| e.event == Event::PsuNeeded.as_str());
        found.unless(known, || {
            format!("I2: the payer of {number} was sent to the bank, and we forgot it")
        });
    }
    for (number, word) in finals {
        let (payment, history, _) = read(db, PaymentId::from_number(number).unwrap()).await;
        let corrected = history.iter().any(|e| e.event == CORRECTION);
        let settled = matches!(word.as_str(), "ACSC" | "ACCC");
        let same = settled == (payment.status == Status::Settled) && payment.status.is_final();
        found.unless(same || corrected, || {
            format!(
                "I3: the partner was told that {number} ended with {word}, and it is {}",
                payment.status
            )
        });
    }
}
