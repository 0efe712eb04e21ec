//! Named places at which a test lets the process die or fail, and a clock that it moves from outside.
//! Without the cargo feature `fail-points` all of it compiles to nothing.
//!
//! `SMARTPAY_FAIL_POINTS="submit_before_intent=return;ask_unsaved=1*off->return"` is read at the start; the
//! actions are those of the crate `fail`, and `return` is what makes a place do what it is for.

#[cfg(feature = "fail-points")]
pub use on::start;

/// A place at which the process may be killed, as by SIGKILL: nothing is flushed, closed or finished.
#[inline]
pub fn may_die(place: &str) {
    #[cfg(feature = "fail-points")]
    on::may_die(place);
    #[cfg(not(feature = "fail-points"))]
    let _ = place;
}

/// As [`may_die`] at the place `<operation>_<place>`.
#[inline]
pub fn may_die_in(operation: &str, place: &str) {
    #[cfg(feature = "fail-points")]
    on::may_die(&format!("{operation}_{place}"));
    #[cfg(not(feature = "fail-points"))]
    let _ = (operation, place);
}

/// Whether what was done at this place is to be reported as failed.
#[inline]
#[must_use]
pub fn may_fail(place: &str) -> bool {
    #[cfg(feature = "fail-points")]
    let failed = on::may_fail(place);
    #[cfg(not(feature = "fail-points"))]
    let failed = {
        let _ = place;
        false
    };
    failed
}

#[cfg(feature = "fail-points")]
mod on {
    use crate::clock::Clock;
    use rustix::process::{Signal, getpid, kill_process};
    use std::path::Path;
    use std::time::Duration;

    /// Places and their actions.
    const PLACES: &str = "SMARTPAY_FAIL_POINTS";
    /// A file with the milliseconds by which the clock is ahead (or, below zero, behind).
    const CLOCK: &str = "SMARTPAY_CLOCK_FILE";
    const CLOCK_PAUSE: Duration = Duration::from_millis(10);

    /// Reads what the environment asks for, and follows the clock file from now on.
    ///
    /// # Errors
    /// A text that names what cannot be read.
    pub fn start(clock: &Clock) -> Result<(), String> {
        tracing::warn!("built with fail points: for tests only");
        for place in std::env::var(PLACES).unwrap_or_default().split(';').filter(|p| !p.is_empty()) {
            let (name, action) = place.split_once('=').ok_or_else(|| format!("{PLACES}: {place} has no action"))?;
            fail::cfg(name, action).map_err(|e| format!("{PLACES}: {place}: {e}"))?;
        }
        if let Some(file) = std::env::var_os(CLOCK) {
            let clock = clock.clone();
            follow(&clock, Path::new(&file));
            std::thread::spawn(move || {
                loop {
                    std::thread::sleep(CLOCK_PAUSE);
                    follow(&clock, Path::new(&file));
                }
            });
        }
        Ok(())
    }

    /// A file that is just being written is read the next time.
    fn follow(clock: &Clock, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Ok(ahead_ms) = text.trim().parse::<i64>() {
            clock.set_ahead_ms(ahead_ms);
        }
    }

    pub(super) fn may_die(place: &str) {
        fail::fail_point!(place, |_| {
            let _ = kill_process(getpid(), Signal::KILL);
        });
    }

    pub(super) fn may_fail(place: &str) -> bool {
        fail::fail_point!(place, |_| true);
        false
    }
}
