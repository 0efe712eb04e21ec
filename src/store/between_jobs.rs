//! For the simulation: a flow can be left standing behind each database job, as another thread could leave it.

use std::cell::Cell;
use std::task::Poll;

thread_local! {
    /// `None` where no simulation runs; else whether somebody has just come to stand behind a job.
    static STANDS: Cell<Option<bool>> = const { Cell::new(None) };
    static WRITES: Cell<u64> = const { Cell::new(0) };
}

/// From now on, flows that are polled by this thread stand still once behind each job.
pub(crate) fn stand_still_on_this_thread() {
    STANDS.set(Some(false));
}

/// Whether somebody has come to stand behind a job since this was last asked.
pub(crate) fn somebody_stands() -> bool {
    STANDS.get() == Some(true) && STANDS.replace(Some(false)) == Some(true)
}

/// How many writes this thread has waited for.
pub(crate) fn writes() -> u64 {
    WRITES.get()
}

/// One more.
pub(super) fn count_write() {
    WRITES.set(WRITES.get() + 1);
}

/// Stands still once, in a simulation.
pub(super) async fn stand_still() {
    let mut first = STANDS.get().is_some();
    std::future::poll_fn(|_| {
        if std::mem::take(&mut first) {
            STANDS.set(Some(true));
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}
