//! Timers: looks for what is due and starts flows for it.
//!
//! **Invariant:** no rule and no SQL here; what is due is a column in the database, so a crash loses nothing.
//! Payments, consents, mails and webhooks do not wait for one another, nor does one bank for another.

mod jobs;
mod pump;

use crate::flow::Context;
use jobs::{Consents, Mails, PayerRequests, Payments, Webhooks};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two writes of what came of the calls to banks: they share a commit.
const BANK_CALLS_EVERY: Duration = Duration::from_secs(3);

/// How the worker runs.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Pause between two looks when nothing is due.
    pub interval: Duration,
    /// Payments asked about at the same time, at most half of them at one bank.
    pub at_once: usize,
}

/// Looks for due work until stopped; a job that has begun is finished.
pub async fn run(cx: Context, pace: Pace, stop: CancellationToken) {
    let tidy = async {
        while !stop.is_cancelled() {
            jobs::tidy(&cx).await;
            let _ = tokio::time::timeout(pace.interval, stop.cancelled()).await;
        }
    };
    let exports = async {
        while !stop.is_cancelled() {
            // One that is broken off is begun anew by whoever sees that nobody goes on with it.
            let there_was = tokio::select! {
                there_was = jobs::export(&cx) => there_was,
                () = stop.cancelled() => false,
            };
            if !there_was {
                let _ = tokio::time::timeout(pace.interval, stop.cancelled()).await;
            }
        }
    };
    let statements = async {
        while !stop.is_cancelled() {
            // As with exports.
            let there_was = tokio::select! {
                there_was = jobs::compare(&cx) => there_was,
                () = stop.cancelled() => false,
            };
            if !there_was {
                let _ = tokio::time::timeout(pace.interval, stop.cancelled()).await;
            }
        }
    };
    let count = async {
        while !stop.is_cancelled() {
            jobs::count(&cx, &stop).await;
            let _ = tokio::time::timeout(pace.interval, stop.cancelled()).await;
        }
    };
    let bank_calls = async {
        while !stop.is_cancelled() {
            jobs::bank_calls(&cx).await;
            let _ = tokio::time::timeout(BANK_CALLS_EVERY.max(pace.interval), stop.cancelled()).await;
        }
    };
    let reseal = async {
        while !stop.is_cancelled() {
            jobs::reseal(&cx, &stop).await;
            let _ = tokio::time::timeout(pace.interval, stop.cancelled()).await;
        }
    };
    tokio::join!(
        pump::run(Payments(cx.clone()), pace, stop.clone()),
        pump::run(Consents(cx.clone()), pace, stop.clone()),
        pump::run(Mails(cx.clone()), pace, stop.clone()),
        pump::run(Webhooks(cx.clone()), pace, stop.clone()),
        pump::run(PayerRequests(cx.clone()), pace, stop.clone()),
        tidy,
        exports,
        statements,
        count,
        bank_calls,
        reseal
    );
    // What the last jobs did.
    jobs::bank_calls(&cx).await;
}

/// Runs all jobs until nothing is due any more; answers how many there were. For tests.
pub async fn tick(cx: &Context) -> usize {
    let mut total = 0;
    loop {
        // It may write mails, which are sent below.
        jobs::tidy(cx).await;
        let (payments, consents, mails) = (Payments(cx.clone()), Consents(cx.clone()), Mails(cx.clone()));
        let (payments, consents, mails) = tokio::join!(jobs::once(&payments, 16), jobs::once(&consents, 16), jobs::once(&mails, 16));
        let requests = jobs::once(&PayerRequests(cx.clone()), 16).await + jobs::once(&Webhooks(cx.clone()), 16).await;
        jobs::count(cx, &CancellationToken::new()).await;
        jobs::bank_calls(cx).await;
        jobs::reseal(cx, &CancellationToken::new()).await;
        let files = usize::from(jobs::export(cx).await) + usize::from(jobs::compare(cx).await);
        let done = payments + consents + mails + requests + files;
        if done == 0 {
            return total;
        }
        total += done;
    }
}
