//! kill -9 at random moments under load: payers pay, refuse, walk away and come back, whatever happens.

use crate::support::World;
use crate::support::checks::{self, MANY};
use crate::support::partner::Started;
use crate::support::payer::{BRUTARIA, Gone, Payer, form_of};
use serde_json::json;
use std::time::{Duration, Instant};
use url::Url;

/// Payers at work at the same time.
const AT_ONCE: usize = 6;

/// Numbers that look random and come again with the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// What a payer is going to do.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Approve,
    ApproveAndComeBackTwice,
    ApproveAndCloseTheTab,
    Refuse,
    LeaveAtTheBank,
    GiveUp,
    OnlyLook,
    TwoTabs,
}

const PLANS: [Plan; 10] = [
    Plan::Approve,
    Plan::Approve,
    Plan::Approve,
    Plan::ApproveAndComeBackTwice,
    Plan::ApproveAndCloseTheTab,
    Plan::Refuse,
    Plan::LeaveAtTheBank,
    Plan::GiveUp,
    Plan::OnlyLook,
    Plan::TwoTabs,
];

/// A payer's way, which goes on where it was cut off.
struct Journey {
    plan: Plan,
    payer: Payer,
    started: Option<Started>,
    back: Option<Url>,
    tries: u32,
    done: bool,
}

impl Journey {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            payer: Payer::new(),
            started: None,
            back: None,
            tries: 0,
            done: false,
        }
    }

    async fn go_on(&mut self, world: &World) {
        self.tries += 1;
        self.done = self.walk(world).await.is_ok() || self.tries > 6;
    }

    async fn walk(&mut self, world: &World) -> Result<(), Gone> {
        let started = match &self.started {
            Some(started) => started.clone(),
            None => {
                let started = world.shop().start(json!({})).await?;
                world.promises.lock().unwrap().accepted.push(started.tokens.payment);
                self.started.insert(started).clone()
            }
        };
        if let Some(back) = self.back.clone() {
            return self.come_back(world, &back).await;
        }
        let mut page = self.payer.get(&started.link).await?;
        if matches!(self.plan, Plan::OnlyLook) {
            return Ok(());
        }
        if !page.has("a#go") {
            let form = self.payer.form(&started.link, BRUTARIA).await?;
            let answer = if matches!(self.plan, Plan::TwoTabs) {
                let (one, two) = tokio::join!(self.payer.submit(&form), self.payer.submit(&form));
                one.or(two)?
            } else {
                self.payer.submit(&form).await?
            };
            page = self.payer.follow(&answer).await?;
        }
        if !page.has("a#go") {
            return Err(page.text());
        }
        world.promises.lock().unwrap().at_bank.push(started.tokens.payment);
        match self.plan {
            Plan::LeaveAtTheBank => return Ok(()),
            Plan::GiveUp => {
                let answer = self.payer.submit(&form_of(&page, "/withdraw")?).await?;
                return self.payer.follow(&answer).await.map(drop);
            }
            _ => {}
        }
        let decision = if matches!(self.plan, Plan::Refuse) { "nu" } else { "da" };
        let back = self.payer.decide(&page, BRUTARIA, decision).await?;
        self.back = Some(back.clone());
        if matches!(self.plan, Plan::ApproveAndCloseTheTab) {
            return Ok(());
        }
        self.come_back(world, &back).await
    }

    async fn come_back(&mut self, world: &World, back: &Url) -> Result<(), Gone> {
        self.payer.come_back(back).await?;
        if matches!(self.plan, Plan::ApproveAndComeBackTwice) {
            self.payer.come_back(back).await?;
        }
        if let Some(started) = &mut self.started {
            let sight = world.shop().sees(started).await?;
            if sight.is_final {
                world.promises.lock().unwrap().finals.insert(started.tokens.payment, sight.word);
            }
        }
        Ok(())
    }
}

fn cycles() -> usize {
    std::env::var("SMARTPAY_KILL_CYCLES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20)
}

fn seed() -> u64 {
    let given = std::env::var("SMARTPAY_KILL_SEED").ok().and_then(|n| n.parse().ok());
    given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0)
}

/// From the kill to the first page served.
async fn restart_ms(world: &World, killed: Instant, link: Option<&Url>) -> (crate::support::node::Node, u128) {
    let mut node = world.node().await;
    if let Some(link) = link {
        let page = Payer::new().get(link).await.unwrap();
        assert!(page.status < 500, "{page:?}");
    } else {
        node.ready().await;
    }
    (node, killed.elapsed().as_millis())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_02_killed_at_random_moments_under_load() {
    let (cycles, seed) = (cycles(), seed());
    eprintln!("kill cycles: {cycles}, SMARTPAY_KILL_SEED={seed}");
    let world = World::start().await;
    let mut dice = Dice(seed);
    let mut node = world.node().await;
    let (mut journeys, mut restarts_ms, mut begun) = (Vec::<Journey>::new(), Vec::new(), 0);
    for cycle in 0..cycles {
        while journeys.len() < AT_ONCE {
            let plan = PLANS[usize::try_from(dice.below(PLANS.len() as u64)).unwrap()];
            journeys.push(Journey::new(plan));
            begun += 1;
        }
        let alive = Duration::from_millis(10 + dice.below(350));
        let all = futures_util::future::join_all(journeys.iter_mut().map(|j| j.go_on(&world)));
        let kill = async {
            tokio::time::sleep(alive).await;
            node.kill();
            Instant::now()
        };
        let (_, killed) = tokio::join!(all, kill);
        let link = journeys.iter().find_map(|j| j.started.as_ref()).map(|s| s.link.clone());
        let (restarted, took_ms) = restart_ms(&world, killed, link.as_ref()).await;
        node = restarted;
        restarts_ms.push(took_ms);
        journeys.retain(|j| !j.done);
        let found = checks::violations(&world, 40, false).await;
        assert!(found.0.is_empty(), "cycle {cycle}, seed {seed}:\n{}", found.0.join("\n"));
        // Leases of the dead run out, so that their payers can go on.
        world.advance(Duration::from_secs(20)).await;
    }
    world.heal().await;
    let found = checks::violations(&world, MANY, true).await;
    restarts_ms.sort_unstable();
    eprintln!(
        "kill cycles: {cycles}, payments: {begun}, bank orders: {}, violations: {}, kill to first page: median {} ms, worst {} ms",
        world.bank.orders().len(),
        found.0.len(),
        restarts_ms[restarts_ms.len() / 2],
        restarts_ms.last().copied().unwrap_or_default(),
    );
    assert!(found.0.is_empty(), "seed {seed}:\n{}", found.0.join("\n"));
}
