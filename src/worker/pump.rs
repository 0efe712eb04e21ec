//! Keeps one kind of work going: as soon as a piece ends, the next begins.
//!
//! Work belongs to a lane (payments: their bank). A lane may fill half of the places and no more, so that a
//! bank that hangs delays its own payments and nobody else's.

use super::Pace;
use crate::flow::FlowError;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How much work is looked up at once.
const WINDOW: i64 = 512;
/// A piece of work that failed is left alone for so long, because it may still be due at once.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// A piece of work.
#[derive(Clone, Debug)]
pub(super) struct Piece<K> {
    pub(super) id: K,
    pub(super) lane: Option<String>,
}

/// What there is to do, and how it is done.
pub(super) trait Work: Clone + Send + Sync + 'static {
    /// Names a piece of work.
    type Id: Clone + Eq + Hash + Send + 'static;
    /// For the log.
    const NAME: &'static str;
    /// At most `limit` pieces that are due, none of them in the lanes of `but`.
    fn due(&self, limit: i64, but: Vec<String>) -> impl Future<Output = Result<Vec<Piece<Self::Id>>, FlowError>> + Send;
    /// Does one piece, if it is still to be done.
    fn run(&self, id: Self::Id) -> impl Future<Output = Result<(), FlowError>> + Send;
}

struct Pump<W: Work> {
    work: W,
    at_once: usize,
    queue: VecDeque<Piece<W::Id>>,
    running: JoinSet<(Piece<W::Id>, Result<(), FlowError>)>,
    /// What runs, and what has failed and is not to be tried before then.
    taken: HashMap<W::Id, Option<Instant>>,
    lanes: HashMap<String, usize>,
}

/// Works until stopped; what has begun is finished.
pub(super) async fn run<W: Work>(work: W, pace: Pace, stop: CancellationToken) {
    let mut pump = Pump {
        work,
        at_once: pace.at_once,
        queue: VecDeque::new(),
        running: JoinSet::new(),
        taken: HashMap::new(),
        lanes: HashMap::new(),
    };
    while !stop.is_cancelled() {
        let begun = pump.fill().await;
        if begun > 0 && pump.running.len() < pump.at_once {
            continue;
        }
        tokio::select! {
            Some(ended) = pump.running.join_next() => pump.ended(ended),
            () = sleep(pace.interval) => {}
            () = stop.cancelled() => {}
        }
    }
    while let Some(ended) = pump.running.join_next().await {
        pump.ended(ended);
    }
}

impl<W: Work> Pump<W> {
    /// Begins what there is room for; answers how much that was.
    async fn fill(&mut self) -> usize {
        if self.running.len() >= self.at_once {
            return 0;
        }
        if self.queue.is_empty() {
            self.look().await;
        }
        let mut begun = 0;
        while self.running.len() < self.at_once
            && let Some(piece) = self.queue.pop_front()
        {
            begun += usize::from(self.begin(piece));
        }
        begun
    }

    async fn look(&mut self) {
        let now = Instant::now();
        self.taken.retain(|_, until| until.is_none_or(|until| until > now));
        let full = self
            .lanes
            .iter()
            .filter(|(_, n)| **n >= self.lane_limit())
            .map(|(lane, _)| lane.clone());
        match self.work.due(WINDOW, full.collect()).await {
            Ok(due) => self.queue = due.into(),
            Err(error) => log(W::NAME, Err(error)),
        }
    }

    fn lane_limit(&self) -> usize {
        self.at_once.div_ceil(2)
    }

    /// Begins a piece, unless it runs already or its lane is full; it is looked up again later then.
    fn begin(&mut self, piece: Piece<W::Id>) -> bool {
        let full = |lane: &String| self.lanes.get(lane).is_some_and(|n| *n >= self.lane_limit());
        if self.taken.contains_key(&piece.id) || piece.lane.as_ref().is_some_and(full) {
            return false;
        }
        self.taken.insert(piece.id.clone(), None);
        if let Some(lane) = &piece.lane {
            *self.lanes.entry(lane.clone()).or_default() += 1;
        }
        let work = self.work.clone();
        self.running.spawn(async move {
            let result = work.run(piece.id.clone()).await;
            (piece, result)
        });
        true
    }

    fn ended(&mut self, ended: Result<(Piece<W::Id>, Result<(), FlowError>), tokio::task::JoinError>) {
        let Ok((piece, result)) = ended else {
            // Its place in a lane is not given back: a flow that panics is a bug that should be felt.
            return log(W::NAME, Err(FlowError::Internal("a job panicked".into())));
        };
        if let Some(n) = piece.lane.as_ref().and_then(|lane| self.lanes.get_mut(lane)) {
            *n = n.saturating_sub(1);
        }
        if matches!(result, Ok(()) | Err(FlowError::Busy)) {
            self.taken.remove(&piece.id);
        } else {
            self.taken.insert(piece.id, Some(Instant::now() + AFTER_FAILURE));
        }
        log(W::NAME, result);
    }
}

/// Logs what failed; being second is no failure.
pub(super) fn log(job: &str, result: Result<(), FlowError>) {
    match result {
        Ok(()) | Err(FlowError::Busy) => {}
        Err(error) => {
            metrics::counter!("smartpay_job_failures_total").increment(1);
            tracing::error!(job, %error, "a job failed; it is due again later");
        }
    }
}
