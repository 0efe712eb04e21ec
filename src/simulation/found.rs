//! What the simulation found, told again step by step: a seed means another story as soon as the simulation
//! itself changes.

use super::gate::Fate;
use super::moves::Deed;
use super::run_in;
use super::world::World;
use crate::payment::Status;

/// One payment whose page is open, at a bank where the PSU may think again after a no.
fn one_payment(bank: &str) -> World {
    let mut world = World::new(0);
    world.storm = 0;
    world.banks = vec![bank.to_owned()];
    for rules in &mut world.wire.books.lock().unwrap().rules {
        rules.withdraw_before_sca = true;
        rules.denial_ends = false;
    }
    world.wire.books.lock().unwrap().honest = true;
    world.new_life();
    world.does(Deed::Init, &[]);
    world.does(Deed::Look, &[]);
    world
}

impl World {
    /// The first payment's people do this, to its end; what is sent meanwhile fares like this, then well.
    fn does(&mut self, deed: Deed, fates: &[Fate]) {
        self.fates.extend(fates);
        self.deed(0, 0, deed);
        while !self.actors.is_empty() {
            self.move_actor(0).unwrap();
        }
        assert!(self.fates.is_empty(), "{:?} was not needed", self.fates);
    }
}

/// Found as „rejected, and the order still waits for the PSU”.
#[test]
fn a_denial_ends_nothing_while_the_withdrawal_is_not_known() {
    for lost in [Fate::NotSent, Fate::Lost, Fate::Refused(429)] {
        run_in(|| {
            let mut world = one_payment("oauth");
            world.does(Deed::Submit, &[]);
            world.psu_decides(0, "o1", false);
            world.does(Deed::ComeBack, &[lost]);
            assert_eq!(world.payment(0).status, Status::AwaitingPsu);
            world.psu_decides(0, "o1", true);
            world.is_true_now(0).unwrap();
            world.heal().unwrap();
            world.is_whole().unwrap();
        });
    }
}
