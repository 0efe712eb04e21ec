//! Posting events to partners' endpoints: where may be called, and the one client that calls.
//!
//! **Invariant:** what a partner names as its endpoint never makes us call a machine of our own network: the address
//! that is connected to is judged, not only the name. No redirect is followed, no proxy used, nothing repeated here; of
//! an answer only the beginning is read.

mod sender;
mod target;

pub use sender::{Answer, Sender, WebhookError, WebhookSettings};
pub use target::{TargetFault, TargetRules};
