//! What must hold at the end of every story, whatever it was about.

use super::TestApp;
use smartpay::payment::transition::{CORRECTION, correct};
use smartpay::payment::{Event, Iban, InstructionOutcome, PaymentId, Status, next};
use smartpay::sandbox::LedgerEvent;
use smartpay::store::history::StoredEntry;
use smartpay::store::payments::Payment;
use smartpay::store::{consents, outbox, payments};
use std::collections::HashMap;
use std::time::Duration;

/// More than a story makes.
const MANY: i64 = 10_000;

pub async fn all(app: &TestApp) {
    app.tick().await;
    let (now, far) = (app.clock.now(), app.clock.now() + Duration::from_secs(10 * 365 * 86_400));
    let ids = app.cx.db.read(|a| payments::newest(a, MANY)).await.unwrap();
    let booked = booked(app);
    let mut unsent = 0;
    for id in ids {
        let (payment, _) = app.cx.payment(id).await.unwrap();
        is_looked_after(&payment);
        follows_the_table(&payment, &app.history(id.number()).await);
        agrees_with_the_bank(&payment, &booked);
        let deliveries = app.cx.db.read(move |a| outbox::of_payment(a, id)).await.unwrap();
        unsent += deliveries.iter().filter(|d| d.sent_at.is_none()).count();
        if payment.status.is_final() {
            assert!(deliveries.len() <= 3, "payment {id} has {} mails", deliveries.len());
        }
    }
    for id in app.cx.db.read(|a| consents::newest(a, MANY)).await.unwrap() {
        let consent = app.cx.db.read(move |a| consents::get(a, id)).await.unwrap().unwrap();
        let to_do = !consent.status.is_final() || consent.session.is_some();
        assert_eq!(consent.due_at.is_some(), to_do, "consent {id} is {}", consent.status);
        assert_eq!(consent.lease_until, None, "consent {id} is still held");
        assert_eq!(consent.ended_at.is_some(), consent.status.is_final(), "consent {id}");
    }
    let overdue = app.cx.db.read(move |a| outbox::due(a, now, MANY)).await.unwrap();
    assert!(overdue.is_empty(), "{} mails are overdue after a tick", overdue.len());
    let waiting = app.cx.db.read(move |a| outbox::due(a, far, MANY)).await.unwrap();
    assert_eq!(unsent, waiting.len(), "a mail was neither sent nor waits to be");
}

/// A payment that has not ended is looked at again; one that has is not; nobody holds it.
fn is_looked_after(payment: &Payment) {
    let Payment { id, status, due_at, .. } = payment;
    assert_eq!(
        due_at.is_none(),
        status.is_final(),
        "payment {id} is {status} and due at {due_at:?}"
    );
    assert_eq!(payment.lease_until, None, "payment {id} is still held");
    assert_eq!(payment.ended_at.is_some(), status.is_final(), "payment {id} is {status}");
}

fn follows_the_table(payment: &Payment, history: &[StoredEntry]) {
    let mut at = Status::Created;
    for entry in history {
        let (from, to) = (Status::parse(&entry.from_status).unwrap(), Status::parse(&entry.to_status).unwrap());
        assert_eq!(from, at, "payment {}: the history jumps before {}", payment.id, entry.event);
        let by_table = Event::ALL.into_iter().find(|e| e.as_str() == entry.event).map(|e| next(from, e));
        let allowed = from == to || by_table == Some(Ok(to)) || (entry.event == CORRECTION && correct(from) == Ok(to));
        assert!(allowed, "payment {}: {} may not lead from {from} to {to}", payment.id, entry.event);
        at = to;
    }
    assert_eq!(at, payment.status, "payment {}: the history ends elsewhere", payment.id);
}

/// Minor units and creditor of what the bank booked, by the end-to-end id of the instruction.
fn booked(app: &TestApp) -> HashMap<String, Vec<(i64, String)>> {
    let received = app
        .bank
        .orders()
        .into_iter()
        .map(|o| (o.received.payment_id.clone(), o.received.instructions()));
    let orders: HashMap<String, Vec<_>> = received.collect();
    let mut out: HashMap<String, Vec<(i64, String)>> = HashMap::new();
    for entry in app.bank.ledger() {
        if let LedgerEvent::Booked {
            payment_id,
            index,
            creditor_iban,
            money,
            ..
        } = entry.event
        {
            let booking = (money.minor, creditor_iban.electronic().to_owned());
            let instruction = &orders[&payment_id][index];
            out.entry(instruction.end_to_end.clone().unwrap()).or_default().push(booking);
        }
    }
    for booking in app.bank.epp_bookings() {
        let paid = (booking.amount_minor, booking.creditor_iban.electronic().to_owned());
        out.entry(booking.comment).or_default().push(paid);
    }
    out
}

/// Success means exactly one booking of exactly this; failure means none.
fn agrees_with_the_bank(payment: &Payment, booked: &HashMap<String, Vec<(i64, String)>>) {
    let id: PaymentId = payment.id;
    for (instruction, word) in payment.instructions.iter().zip(&payment.instruction_words) {
        let mut bookings = booked.get(&instruction.end_to_end_id).cloned().unwrap_or_default();
        if instruction.creditor_iban == Iban::erased() {
            // Only the bank knows who got it.
            bookings.iter_mut().for_each(|(_, creditor)| creditor.clear());
        }
        let wanted = (instruction.amount.minor, instruction.creditor_iban.electronic().to_owned());
        let outcome = InstructionOutcome::of(word.as_deref());
        match payment.status {
            // A standing order that was accepted is carried out on its own days.
            Status::Settled if payment.schedule.is_some() => assert!(bookings.iter().all(|b| *b == wanted), "payment {id}"),
            Status::Settled => assert_eq!(bookings, [wanted], "payment {id}"),
            Status::PartlySettled => {
                assert_ne!(outcome, InstructionOutcome::Unknown, "payment {id}: this bank tells of each");
                let made = outcome == InstructionOutcome::Made;
                assert_eq!(bookings, Vec::from_iter(made.then_some(wanted)), "payment {id}");
            }
            status if status.is_final() || matches!(status, Status::Created | Status::Initiating) => {
                assert_eq!(bookings, [], "payment {id} is {status}, but the bank moved money");
            }
            _ => assert!(bookings.len() <= 1, "payment {id} was paid more than once: {bookings:?}"),
        }
    }
}
