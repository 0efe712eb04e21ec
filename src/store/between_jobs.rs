//! For the simulation: a flow can be left standing behind each database job, as another thread could leave it,
//! and the database can fail it.

use super::StoreError;
use std::cell::Cell;
use std::task::Poll;

/// What the database does to the next write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is written.
    Busy,
    /// It is written, and the answer to the commit is lost.
    Unanswered,
}

thread_local! {
    /// `None` where no simulation runs; else whether somebody has just come to stand behind a job.
    static STANDS: Cell<Option<bool>> = const { Cell::new(None) };
    static WRITES: Cell<u64> = const { Cell::new(0) };
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
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

/// Sets what happens to the next write.
pub(crate) fn set_fault(fault: Option<Fault>) {
    FAULT.set(fault);
}

/// Before a write.
pub(super) fn may_write() -> Result<(), StoreError> {
    if FAULT.get() == Some(Fault::Busy) {
        FAULT.set(None);
        return Err(StoreError::Busy);
    }
    Ok(())
}

/// After a write: its answer, if that arrives.
pub(super) fn answered<T>(result: Result<T, StoreError>) -> Result<T, StoreError> {
    WRITES.set(WRITES.get() + 1);
    if result.is_ok() && FAULT.get() == Some(Fault::Unanswered) {
        FAULT.set(None);
        return Err(StoreError::CommitUnknown("simulated".into()));
    }
    result
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
