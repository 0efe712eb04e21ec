//! Timers: looks for what is due and starts flows for it.
//!
//! **Invariant:** no rule and no SQL here; what is due is a column in the database, so a crash loses nothing.

mod jobs;

use crate::flow::Context;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How the worker runs.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Pause between two looks.
    pub interval: Duration,
    /// Payments asked about at the same time.
    pub at_once: usize,
}

/// Looks for due work until stopped; a job that has begun is finished.
pub async fn run(cx: Context, pace: Pace, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let done = jobs::all(&cx, pace.at_once, &stop).await;
        // After a full batch there may be more; otherwise wait.
        if done < pace.at_once {
            let _ = tokio::time::timeout(pace.interval, stop.cancelled()).await;
        }
    }
}

/// Runs all jobs until nothing is due any more; answers how many there were. For tests.
pub async fn tick(cx: &Context) -> usize {
    let stop = CancellationToken::new();
    let mut total = 0;
    loop {
        match jobs::all(cx, 16, &stop).await {
            0 => return total,
            done => total += done,
        }
    }
}
