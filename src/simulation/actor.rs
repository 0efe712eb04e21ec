//! Flows that are under way, moved one at a time: what one does between two waits for the world outside, the
//! database included, is finished before anybody else moves. So the same seed gives the same run, although
//! the database works in threads of its own.

use super::gate::{Gate, Wire};
use crate::clock::Clock;
use crate::store::between_jobs::somebody_stands;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::time::Duration;

/// Longer than any database job takes, on a machine with much else to do.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);

/// Where a flow stands after it was moved.
pub(super) enum Stand<T> {
    /// A database job is done, and nothing followed from it yet.
    BehindDatabase,
    /// Before a gate.
    Waits(Arc<Gate>),
    /// On the clock.
    Sleeps,
    /// At its end.
    Done(T),
}

/// A flow under way.
pub(super) struct Flow<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
}

impl<T> Flow<T> {
    pub(super) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { future: Box::pin(future) }
    }

    /// Moves it to the next place where others may come first.
    pub(super) fn advance(&mut self, wire: &Wire, clock: &Clock) -> Stand<T> {
        loop {
            let bell = Arc::new(Bell::default());
            let waker = Waker::from(bell.clone());
            if let Poll::Ready(end) = self.future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
                return Stand::Done(end);
            }
            if let Some(gate) = wire.take_arrived() {
                return Stand::Waits(gate);
            }
            if clock.somebody_sleeps() {
                return Stand::Sleeps;
            }
            if somebody_stands() {
                return Stand::BehindDatabase;
            }
            bell.wait();
        }
    }
}

/// Moves what only the database keeps waiting to its end.
pub(super) fn complete<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        match future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            Poll::Ready(end) => return end,
            Poll::Pending if somebody_stands() => {}
            Poll::Pending => bell.wait(),
        }
    }
}

/// Rings when the database has an answer.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    fn wait(&self) {
        let rung = self.rung.lock().unwrap();
        let (_rung, late) = self.ring.wait_timeout_while(rung, DATABASE_PATIENCE, |rung| !*rung).unwrap();
        assert!(!late.timed_out(), "a flow waits for something that the simulation does not know of");
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.ring.notify_all();
    }
}
