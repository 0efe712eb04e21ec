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
use tokio::time::{Instant, sleep_until};
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

/// A piece and how it went.
type Ended<K> = (Piece<K>, Result<(), FlowError>);

struct Pump<W: Work> {
    work: W,
    pace: Pace,
    /// What was looked up and waits for a place, by lane.
    queues: HashMap<Option<String>, VecDeque<W::Id>>,
    /// Not before then is anything looked up again.
    next_look: Instant,
    running: JoinSet<Ended<W::Id>>,
    /// What runs, and what has failed and is not to be tried before then.
    taken: HashMap<W::Id, Option<Instant>>,
    lanes: HashMap<String, usize>,
}

/// Works until stopped; what has begun is finished.
pub(super) async fn run<W: Work>(work: W, pace: Pace, stop: CancellationToken) {
    let mut pump = Pump {
        work,
        pace,
        queues: HashMap::new(),
        next_look: Instant::now(),
        running: JoinSet::new(),
        taken: HashMap::new(),
        lanes: HashMap::new(),
    };
    while !stop.is_cancelled() {
        pump.fill().await;
        tokio::select! {
            Some(ended) = pump.running.join_next() => pump.ended(ended),
            () = sleep_until(pump.next_look), if pump.has_room() => {}
            () = stop.cancelled() => {}
        }
    }
    while let Some(ended) = pump.running.join_next().await {
        pump.ended(ended);
    }
}

impl<W: Work> Pump<W> {
    fn has_room(&self) -> bool {
        self.running.len() < self.pace.at_once
    }

    /// A lane may fill half of the places.
    fn lane_has_room(&self, lane: Option<&String>) -> bool {
        let limit = self.pace.at_once.div_ceil(2);
        lane.is_none_or(|lane| self.lanes.get(lane).is_none_or(|n| *n < limit))
    }

    /// Begins what there is room for, and looks for more when places are left over.
    async fn fill(&mut self) {
        self.begin_what_waits();
        if self.has_room() && Instant::now() >= self.next_look {
            self.look().await;
            self.begin_what_waits();
        }
    }

    fn begin_what_waits(&mut self) {
        let lanes: Vec<Option<String>> = self.queues.keys().cloned().collect();
        for lane in lanes {
            while self.has_room()
                && self.lane_has_room(lane.as_ref())
                && let Some(id) = self.queues.get_mut(&lane).and_then(VecDeque::pop_front)
            {
                self.begin(Piece { id, lane: lane.clone() });
            }
        }
        self.queues.retain(|_, waiting| !waiting.is_empty());
    }

    /// Looks up what is due in the lanes for which nothing waits here.
    async fn look(&mut self) {
        let now = Instant::now();
        self.taken.retain(|_, until| until.is_none_or(|until| until > now));
        self.next_look = now + self.pace.interval;
        let full = self.lanes.keys().filter(|lane| !self.lane_has_room(Some(lane))).cloned();
        let but: Vec<String> = full.chain(self.queues.keys().flatten().cloned()).collect();
        match self.work.due(WINDOW, but).await {
            Ok(due) => {
                for piece in due.into_iter().filter(|piece| !self.taken.contains_key(&piece.id)) {
                    // There may be more where this came from: the next look follows when it is done.
                    self.next_look = now;
                    self.queues.entry(piece.lane).or_default().push_back(piece.id);
                }
            }
            Err(error) => log(W::NAME, Err(error)),
        }
    }

    fn begin(&mut self, piece: Piece<W::Id>) {
        self.taken.insert(piece.id.clone(), None);
        if let Some(lane) = &piece.lane {
            *self.lanes.entry(lane.clone()).or_default() += 1;
        }
        let work = self.work.clone();
        self.running.spawn(async move {
            let result = work.run(piece.id.clone()).await;
            (piece, result)
        });
    }

    fn ended(&mut self, ended: Result<Ended<W::Id>, tokio::task::JoinError>) {
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
