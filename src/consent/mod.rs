//! The rules of a consent: who may read whose accounts until when, and which states it passes through.
//!
//! **Invariant:** as in [`crate::payment`]: no database, no HTTP, no web and no clock; every rule is a plain
//! function of its arguments. Nothing but the bank's word makes a consent valid.

pub mod id;
pub mod status;
pub mod terms;

pub use id::ConsentId;
pub use status::{Event, Status, next};
pub use terms::{Kind, MAX_DAYS};
