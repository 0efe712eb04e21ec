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
}

impl Clock {
    /// The current UTC time, whole microseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's time")]
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now_us = chrono::Utc::now().timestamp_micros() + self.offset_us.load(Ordering::SeqCst);
        chrono::DateTime::from_timestamp_micros(now_us).unwrap_or_default().naive_utc()
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
