//! The seeded simulation: the flows, the store and the clock, as they are, in one process with simulated banks,
//! a simulated mail server, PSUs, a partner and admins. One dice decides who moves next, what is lost on the
//! way, when a node is killed or stands still, and how time passes; the same seed gives the same run.
//!
//! `SMARTPAY_SEEDS=n` runs n seeds instead of a thousand, `SMARTPAY_SEED=n` runs that one alone and prints its
//! story.
//!
//! **Invariant:** nothing here is part of the program; the program holds nothing that is only for this.

mod actor;
mod aspsp;
mod checks;
mod database;
mod dice;
mod gate;
mod healing;
mod moves;
mod world;

use world::{Checked, World};

/// How many seeds a normal test run tries.
const SEEDS: u64 = 1000;

/// One seed's run: the story, and what went wrong.
fn run(seed: u64) -> (String, Checked) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    crate::store::between_jobs::stand_still_on_this_thread();
    let mut world = World::new(seed);
    let result = live(&mut world);
    (std::mem::take(&mut world.trace), result)
}

fn live(world: &mut World) -> Checked {
    for _ in 0..1 + world.dice.roll(3) {
        world.new_life();
    }
    let steps = 60 + world.dice.roll(120);
    for step in 0..steps {
        world.step = step;
        match world.dice.roll(100) {
            0..=49 => {
                if !world.somebody_moves()? {
                    world.somebody_begins()?;
                }
            }
            50..=77 => world.somebody_begins()?,
            78..=89 => world.something_at_a_bank()?,
            90..=93 => world.time_passes(&[1, 3, 10, 20]),
            94 | 95 => world.time_passes(&[60, 71, 300, 1810, 7200]),
            96 => world.clock.turn_back(std::time::Duration::from_secs(2)),
            97 => {
                let node = world.dice.roll(2);
                world.crash(node);
            }
            98 => world.freeze(),
            _ => world.late_arrival(),
        }
    }
    world.heal()?;
    world.is_whole()
}

/// What to print of a seed that failed.
fn failure(seed: u64) -> Option<String> {
    let (story, result) = run(seed);
    let why = result.err()?;
    Some(format!(
        "seed {seed}: {why}\n{story}\nseed {seed}: {why}\nagain: SMARTPAY_SEED={seed} cargo test --lib simulation"
    ))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn whatever_happens_the_invariants_hold() {
    if let Some(seed) = number("SMARTPAY_SEED") {
        let (story, result) = run(seed);
        panic!("{story}\nseed {seed}: {result:?}");
    }
    let seeds = number("SMARTPAY_SEEDS").unwrap_or(SEEDS);
    let mut failed = Vec::new();
    for seed in 0..seeds {
        if let Some(text) = failure(seed) {
            failed.push(text);
            if failed.len() > 9 {
                break;
            }
        }
    }
    let kinds: Vec<&str> = failed.iter().map(|t| t.lines().next().unwrap()).collect();
    assert!(
        failed.is_empty(),
        "{}\n{} of {seeds} seeds failed:\n{}",
        failed[0],
        failed.len(),
        kinds.join("\n")
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..10 {
        assert_eq!(run(seed).0, run(seed).0, "seed {seed}");
    }
}
