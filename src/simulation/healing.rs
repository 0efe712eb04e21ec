//! The end of a run: nothing breaks any more, banks do what they should, time passes. Every payment must come
//! to its end, or be in doubt and due.

use super::aspsp::Sca;
use super::world::{Checked, World};
use crate::payment::Status;
use std::time::Duration;

/// Rounds after which nothing more is to be expected.
const MOST_ROUNDS: u64 = 60;
/// In doubt for so many rounds, a payment stays so.
const PATIENCE: usize = 8;

impl World {
    pub(super) fn heal(&mut self) -> Checked {
        self.note("healing");
        self.storm = 0;
        self.thaw();
        self.wire.books.lock().unwrap().honest = true;
        self.all_move()?;
        while !self.wire.books.lock().unwrap().under_way.is_empty() {
            self.late_arrival();
        }
        let mut doubts_only = 0;
        for round in 0..MOST_ROUNDS {
            self.step += 1;
            self.banks_work();
            self.look_for_payments(self.dice.clone().roll(2), usize::MAX);
            self.all_move()?;
            while self.look_for_mails(0, usize::MAX) > 0 {
                self.all_move()?;
            }
            let open: Vec<_> = (0..self.lives.len())
                .map(|n| self.payment(n))
                .filter(|p| !p.status.is_final())
                .collect();
            if open.iter().all(|p| p.status == Status::InDoubt) {
                doubts_only += 1;
            }
            if doubts_only > PATIENCE {
                return self.is_at_rest();
            }
            let now = self.clock.now();
            // With nothing open only mails are left, which are tried again within the hour.
            let next = open
                .iter()
                .filter_map(|p| p.due_at)
                .min()
                .unwrap_or(now + Duration::from_secs(3600));
            // Longer than a lease, and later ever more: the timer may be late.
            let wait = (next - now).to_std().unwrap_or_default().max(Duration::from_secs(75 + 150 * round));
            self.clock.advance(wait);
        }
        self.is_at_rest()
    }

    /// Everybody moves until nobody is under way.
    fn all_move(&mut self) -> Checked {
        while !self.actors.is_empty() {
            self.move_actor(0)?;
        }
        Ok(())
    }

    fn banks_work(&mut self) {
        let mut books = self.wire.books.lock().unwrap();
        for id in books.workable() {
            books.work(&id);
        }
        books.lapse();
    }

    /// Only what no bank can be asked about may be left, in doubt.
    fn is_at_rest(&mut self) -> Checked {
        for n in 0..self.lives.len() {
            let payment = self.payment(n);
            if payment.status.is_final() {
                continue;
            }
            if payment.status != Status::InDoubt || payment.due_at.is_none() {
                return Err(format!("I6: payment {n} is still {} after all has healed", payment.status));
            }
            let books = self.wire.books.lock().unwrap();
            let asked = payment.bank_payment_id.as_deref();
            let order = books.of(payment.id).find(|o| asked == Some(&o.id));
            if let Some(order) = order.filter(|o| o.style != crate::bank::simulated::Style::Oauth) {
                return Err(format!(
                    "I6: payment {n} is in doubt although {} can be asked about ({:?} {:?})",
                    order.id,
                    order.sca == Sca::Given,
                    order.end
                ));
            }
        }
        Ok(())
    }
}
