//! Keeps one kind of work going: as soon as a piece ends, the next begins. Pieces are taken and saved together:
//! while one write is under way, what the next one is to write gathers, so that a write serves the more pieces
//! the more there is to do.
//!
//! Work belongs to a lane (payments: their bank; webhooks: their endpoint). A lane may fill a part of the places (half,
//! or an eighth) and no more, so that a bank that hangs delays its own payments and nobody else's.

use super::Pace;
use crate::flow::FlowError;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
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
    /// A piece that nobody else does now.
    type Taken: Send + 'static;
    /// What is still to be written of a piece that is done, together with others.
    type Rest: Send + 'static;
    /// For the log.
    const NAME: &'static str;
    /// A lane may fill one of so many parts of the places.
    const LANE_SHARE: usize = 2;
    /// At most `limit` pieces that are due, none of them in the lanes of `but`.
    fn due(&self, limit: i64, but: Vec<String>) -> impl Future<Output = Result<Vec<Piece<Self::Id>>, FlowError>> + Send;
    /// Takes those of these pieces that are still to be done.
    fn take(&self, ids: Vec<Self::Id>) -> impl Future<Output = Result<Taken<Self>, FlowError>> + Send;
    /// Does one piece.
    fn run(&self, taken: Self::Taken) -> impl Future<Output = Result<Option<Self::Rest>, FlowError>> + Send;
    /// Writes what is still to be written.
    fn save(&self, rests: Vec<Self::Rest>) -> impl Future<Output = Result<(), FlowError>> + Send;
}

/// Pieces that were taken.
pub(super) type Taken<W> = Vec<(<W as Work>::Id, <W as Work>::Taken)>;
/// Pieces that were saved, and how that went.
type Saved<W> = (Vec<<W as Work>::Id>, Result<(), FlowError>);
/// A piece and whether it could be taken; `None`: it is no longer to be done.
pub(super) type Tried<W> = (Piece<<W as Work>::Id>, Result<Option<<W as Work>::Taken>, FlowError>);
/// A piece and how it went.
type Ended<W> = (Piece<<W as Work>::Id>, Result<Option<<W as Work>::Rest>, FlowError>);

struct Pump<W: Work> {
    work: W,
    pace: Pace,
    /// What was looked up and waits for a place, by lane.
    queues: HashMap<Option<String>, VecDeque<W::Id>>,
    /// Not before then is anything looked up again.
    next_look: Instant,
    /// Places that are filled: what runs, and what is being taken.
    places: usize,
    /// The same by lane.
    lanes: HashMap<String, usize>,
    /// At most one: while a write is under way, the next gathers.
    takes: JoinSet<Vec<Tried<W>>>,
    running: JoinSet<Ended<W>>,
    /// What is done and waits for the next save.
    rests: Vec<(W::Id, W::Rest)>,
    /// At most one.
    saves: JoinSet<Saved<W>>,
    /// What is under way, and what has failed and is not to be tried before then.
    taken: HashMap<W::Id, Option<Instant>>,
}

/// Works until stopped; what has begun is finished.
pub(super) async fn run<W: Work>(work: W, pace: Pace, stop: CancellationToken) {
    let mut pump = Pump {
        work,
        pace,
        queues: HashMap::new(),
        next_look: Instant::now(),
        places: 0,
        lanes: HashMap::new(),
        takes: JoinSet::new(),
        running: JoinSet::new(),
        rests: Vec::new(),
        saves: JoinSet::new(),
        taken: HashMap::new(),
    };
    while !stop.is_cancelled() {
        pump.fill().await;
        pump.save();
        let next_look = pump.next_look;
        let may_look = pump.may_look();
        tokio::select! {
            () = pump.progress() => {}
            () = sleep_until(next_look), if may_look => {}
            () = stop.cancelled() => {}
        }
    }
    while pump.is_at_work() {
        pump.save();
        pump.progress().await;
    }
}

impl<W: Work> Pump<W> {
    fn has_room(&self) -> bool {
        self.places < self.pace.at_once
    }

    /// A lane may fill its share of the places.
    fn lane_has_room(&self, lane: Option<&String>) -> bool {
        let limit = self.pace.at_once.div_ceil(W::LANE_SHARE);
        lane.is_none_or(|lane| self.lanes.get(lane).is_none_or(|n| *n < limit))
    }

    fn may_look(&self) -> bool {
        self.has_room() && self.takes.is_empty()
    }

    fn is_at_work(&self) -> bool {
        !(self.takes.is_empty() && self.running.is_empty() && self.saves.is_empty() && self.rests.is_empty())
    }

    /// Waits until something has ended, and takes in with it whatever else has.
    async fn progress(&mut self) {
        tokio::select! {
            Some(tried) = self.takes.join_next() => self.tried(tried),
            Some(ended) = self.running.join_next() => self.ended(ended),
            Some(saved) = self.saves.join_next() => self.saved(saved),
            else => std::future::pending().await,
        }
        while let Some(ended) = self.running.try_join_next() {
            self.ended(ended);
        }
    }

    /// Begins what there is room for, and looks for more when places are left over.
    async fn fill(&mut self) {
        self.take_what_waits();
        if self.may_look() && Instant::now() >= self.next_look {
            self.look().await;
            self.take_what_waits();
        }
    }

    /// Takes as much of what waits as there is room for.
    fn take_what_waits(&mut self) {
        if !self.takes.is_empty() {
            return;
        }
        let mut pieces = Vec::new();
        let lanes: Vec<Option<String>> = self.queues.keys().cloned().collect();
        for lane in lanes {
            while self.has_room()
                && self.lane_has_room(lane.as_ref())
                && let Some(id) = self.queues.get_mut(&lane).and_then(VecDeque::pop_front)
            {
                self.enter(lane.as_ref());
                self.taken.insert(id.clone(), None);
                pieces.push(Piece { id, lane: lane.clone() });
            }
        }
        self.queues.retain(|_, waiting| !waiting.is_empty());
        if !pieces.is_empty() {
            self.takes.spawn(take(self.work.clone(), pieces));
        }
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

    fn enter(&mut self, lane: Option<&String>) {
        self.places += 1;
        if let Some(lane) = lane {
            *self.lanes.entry(lane.clone()).or_default() += 1;
        }
    }

    fn leave(&mut self, lane: Option<&String>) {
        self.places = self.places.saturating_sub(1);
        if let Some(n) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
            *n = n.saturating_sub(1);
        }
    }

    /// Runs what was taken.
    fn tried(&mut self, tried: Result<Vec<Tried<W>>, JoinError>) {
        // The places of a task that panics are not given back: that is a bug that should be felt.
        let Ok(tried) = tried else { return panicked(W::NAME) };
        for (piece, result) in tried {
            match result {
                Ok(Some(taken)) => {
                    let work = self.work.clone();
                    self.running.spawn(async move { (piece, work.run(taken).await) });
                }
                Ok(None) => {
                    self.leave(piece.lane.as_ref());
                    self.taken.remove(&piece.id);
                }
                Err(error) => {
                    self.leave(piece.lane.as_ref());
                    self.not_before(piece.id, &error);
                    log(W::NAME, Err(error));
                }
            }
        }
    }

    fn ended(&mut self, ended: Result<Ended<W>, JoinError>) {
        let Ok((piece, result)) = ended else { return panicked(W::NAME) };
        self.leave(piece.lane.as_ref());
        match result {
            Ok(Some(rest)) => self.rests.push((piece.id, rest)),
            Ok(None) | Err(FlowError::Busy) => {
                self.taken.remove(&piece.id);
            }
            Err(error) => {
                self.not_before(piece.id, &error);
                log(W::NAME, Err(error));
            }
        }
    }

    /// Saves what is done, all at once.
    fn save(&mut self) {
        if self.rests.is_empty() || !self.saves.is_empty() {
            return;
        }
        let (ids, rests) = std::mem::take(&mut self.rests).into_iter().unzip();
        let work = self.work.clone();
        self.saves.spawn(async move { (ids, work.save(rests).await) });
    }

    fn saved(&mut self, saved: Result<Saved<W>, JoinError>) {
        let Ok((ids, result)) = saved else { return panicked(W::NAME) };
        for id in ids {
            match &result {
                Ok(()) => {
                    self.taken.remove(&id);
                }
                Err(error) => self.not_before(id, error),
            }
        }
        log(W::NAME, result);
    }

    /// Leaves a piece alone for a while.
    fn not_before(&mut self, id: W::Id, error: &FlowError) {
        let pause = match error {
            FlowError::Busy => self.pace.interval,
            _ => AFTER_FAILURE,
        };
        self.taken.insert(id, Some(Instant::now() + pause));
    }
}

/// Takes pieces together, or one by one when that fails: one that cannot be read must not keep the others
/// from being done.
pub(super) async fn take<W: Work>(work: W, pieces: Vec<Piece<W::Id>>) -> Vec<Tried<W>> {
    let ids = pieces.iter().map(|piece| piece.id.clone()).collect();
    match work.take(ids).await {
        Ok(taken) => {
            let mut taken: HashMap<W::Id, W::Taken> = taken.into_iter().collect();
            let found = |piece: Piece<W::Id>| {
                let mine = taken.remove(&piece.id);
                (piece, Ok(mine))
            };
            pieces.into_iter().map(found).collect()
        }
        Err(FlowError::Internal(_)) if pieces.len() > 1 => {
            let mut tried = Vec::with_capacity(pieces.len());
            for piece in pieces {
                let one = work.take(vec![piece.id.clone()]).await;
                tried.push((piece, one.map(|mut one| one.pop().map(|(_, taken)| taken))));
            }
            tried
        }
        Err(error) => pieces.into_iter().map(|piece| (piece, Err(error.clone()))).collect(),
    }
}

fn panicked(job: &str) {
    log(job, Err(FlowError::Internal("a job panicked".into())));
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
