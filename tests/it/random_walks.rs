//! Payers, the bank, the network and the time do anything, in any order. What must hold at the end is checked
//! as after every story: one booking for success and none for failure, a history that follows the table,
//! nothing forgotten.

use crate::support::TestApp;
use crate::support::browser::{Form, Page};
use crate::support::psu::{ANA, Psu};
use serde_json::json;
use smartpay::payment::Status;
use smartpay::sandbox::{Fault, Operation};
use std::time::Duration;
use url::Url;

const STEPS: u32 = 40;

/// SplitMix64: the same walk for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// A payer who keeps every page ever seen and uses any of them again.
struct Walk<'a> {
    app: &'a TestApp,
    psu: Psu,
    link: Url,
    pay: Vec<Form>,
    give_up: Vec<Form>,
    bank_pages: Vec<Page>,
    ways_to_bank: Vec<Url>,
    ways_back: Vec<Url>,
}

impl Walk<'_> {
    async fn look(&mut self) {
        let page = self.psu.get(&self.link).await;
        assert_eq!(page.status, 200, "{}", page.text());
        if page.has("#pay-form") {
            self.pay.push(self.psu.fill(&page, ANA));
        }
        if page.has("form.give-up") {
            self.give_up.push(page.form("/payment-initiation/withdraw"));
        }
        if page.has("a#go") {
            self.ways_to_bank.push(page.link("a#go"));
        }
    }

    async fn post(&self, forms: &[Form], dice: &mut Dice) {
        if !forms.is_empty() {
            let answer = self.psu.submit(dice.pick(forms)).await;
            assert!([303, 403].contains(&answer.status), "{} {}", answer.status, answer.text());
        }
    }

    async fn go_to_bank(&mut self, dice: &mut Dice) {
        if self.ways_to_bank.is_empty() {
            return;
        }
        let page = self.psu.get(dice.pick(&self.ways_to_bank)).await;
        if page.status == 303 {
            let login = self.psu.follow(&page).await;
            let form = login.form("/conectare").with("user", ANA.user).with("code", ANA.code);
            self.bank_pages.push(self.psu.follow(&self.psu.submit(&form).await).await);
        }
    }

    async fn decide(&mut self, dice: &mut Dice) {
        if self.bank_pages.is_empty() {
            return;
        }
        let page = dice.pick(&self.bank_pages).clone();
        // Yes more often than no, and sometimes the same page twice.
        let decision = dice.pick(&["da", "da", "da", "nu"]);
        if page.has("form.decision") {
            let answer = self.psu.submit(&page.form("/decizie").with("decizie", decision)).await;
            if answer.status == 303 {
                let end = self.psu.follow(&answer).await;
                if end.has("a.button") {
                    self.ways_back.push(end.link("a.button"));
                }
            }
        }
    }

    async fn come_back(&self, dice: &mut Dice) {
        if !self.ways_back.is_empty() {
            let page = self.psu.get(dice.pick(&self.ways_back)).await;
            assert!([200, 303].contains(&page.status), "{} {}", page.status, page.text());
        }
    }

    fn something_breaks(&self, dice: &mut Dice) {
        let operation = *dice.pick(&[Operation::Initiate, Operation::Token, Operation::Status, Operation::Cancel]);
        let faults = [
            Fault::DropBeforeEffect,
            Fault::DropAfterEffect,
            Fault::Status(500),
            Fault::Status(429),
            Fault::Status(404),
            Fault::Malformed,
            Fault::UnknownWord("QQQQ".into()),
        ];
        self.app.bank.fail_next(operation, dice.pick(&faults).clone());
    }

    async fn step(&mut self, dice: &mut Dice) {
        match dice.roll(24) {
            0..=3 => self.look().await,
            4 | 5 => self.post(&self.pay, dice).await,
            6 if dice.roll(8) == 0 => self.post(&self.give_up, dice).await,
            7..=10 => self.go_to_bank(dice).await,
            11..=13 => self.decide(dice).await,
            14..=17 => self.come_back(dice).await,
            18 => self.something_breaks(dice),
            19 => self.app.bank.clear_faults(),
            20 | 21 => self.app.advance(Duration::from_secs(*dice.pick(&[1, 1, 2, 5, 20, 59, 300, 1200]))),
            _ => self.app.tick().await,
        }
    }
}

async fn walk(seed: u64) {
    let app = TestApp::start_with("[bank_calls]\nconnect_timeout_ms = 300\ntotal_timeout_ms = 900").await;
    let mut dice = Dice(seed);
    let mut ends = Vec::new();
    for _ in 0..8 {
        let started = app.shop().start(json!({ "amount": "10.00" })).await;
        let mut walk = Walk {
            app: &app,
            psu: app.psu(),
            link: started.link.clone(),
            pay: Vec::new(),
            give_up: Vec::new(),
            bank_pages: Vec::new(),
            ways_to_bank: Vec::new(),
            ways_back: Vec::new(),
        };
        walk.look().await;
        for _ in 0..STEPS {
            walk.step(&mut dice).await;
        }
        ends.push(started.tokens.payment);
    }
    app.bank.clear_faults();
    app.let_pass(6, Duration::from_secs(1800)).await;
    for id in ends {
        let status = app.payment(id).await.status;
        // Where the bank's code is lost, nobody can ask the bank any more.
        let may_last = status == Status::InDoubt;
        assert!(
            status.is_final() || may_last,
            "payment {id} is still {status} after three hours (seed {seed})"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one() {
    walk(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two() {
    walk(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three() {
    walk(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four() {
    walk(4).await;
}
