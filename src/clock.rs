//! The one source of time.
//!
//! **Invariant:** every time in the program is UTC, in whole microseconds (what both databases keep
//! exactly), and comes from a [`Clock`]; nothing else reads the system's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A moment in UTC, whole microseconds.
pub type Timestamp = chrono::NaiveDateTime;

/// Hands out the current time. Clones share one offset, so a test can move the time of a whole application.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_us: Arc<AtomicI64>,
    /// Of a clock that stands still: whether somebody has just gone to sleep.
    #[cfg(test)]
    stopped: Option<Arc<std::sync::atomic::AtomicBool>>,
}

impl Clock {
    /// The current UTC time, whole microseconds.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now_us = self.system_us() + self.offset_us.load(Ordering::SeqCst);
        chrono::DateTime::from_timestamp_micros(now_us).unwrap_or_default().naive_utc()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's time")]
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "a stopped clock is for tests"))]
    fn system_us(&self) -> i64 {
        #[cfg(test)]
        if self.stopped.is_some() {
            return 0;
        }
        chrono::Utc::now().timestamp_micros()
    }

    /// Waits.
    pub async fn sleep(&self, pause: Duration) {
        #[cfg(test)]
        if let Some(asleep) = &self.stopped {
            return sleep_until_polled_again(asleep, pause, self).await;
        }
        tokio::time::sleep(pause).await;
    }

    /// Moves this clock (and all its clones) forward.
    pub fn advance(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX / 4);
        self.offset_us.fetch_add(by_us, Ordering::SeqCst);
    }

    /// Sets by how many milliseconds this clock (and all its clones) is ahead of the system's, or behind it.
    #[cfg(feature = "fail-points")]
    pub fn set_ahead_ms(&self, ahead_ms: i64) {
        self.offset_us.store(ahead_ms.saturating_mul(1000), Ordering::SeqCst);
    }
}

#[cfg(test)]
impl Clock {
    /// A clock that stands still unless it is moved.
    #[must_use]
    pub fn stopped_at(start: Timestamp) -> Self {
        let clock = Self {
            stopped: Some(Arc::default()),
            ..Self::default()
        };
        clock.offset_us.store(start.and_utc().timestamp_micros(), Ordering::SeqCst);
        clock
    }

    /// Moves this clock (and all its clones) back.
    pub fn turn_back(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).unwrap();
        self.offset_us.fetch_sub(by_us, Ordering::SeqCst);
    }

    /// Whether somebody has gone to sleep on a stopped clock since this was last asked.
    pub fn somebody_sleeps(&self) -> bool {
        self.stopped.as_ref().is_some_and(|asleep| asleep.swap(false, Ordering::SeqCst))
    }
}

/// Wakes when it is polled again, which moves the time.
#[cfg(test)]
async fn sleep_until_polled_again(asleep: &std::sync::atomic::AtomicBool, pause: Duration, clock: &Clock) {
    let mut first = true;
    std::future::poll_fn(|_| {
        if std::mem::take(&mut first) {
            asleep.store(true, Ordering::SeqCst);
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(())
    })
    .await;
    clock.advance(pause);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_move_together_and_times_have_no_nanoseconds() {
        let clock = Clock::default();
        let other = clock.clone();
        let before = other.now();
        clock.advance(Duration::from_secs(3600));
        assert!(other.now() - before >= chrono::Duration::seconds(3600));
        assert_eq!(chrono::Timelike::nanosecond(&clock.now()) % 1000, 0);
    }
}
