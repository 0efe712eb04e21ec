//! The operator's own users: their passwords, their devices for one-time codes, and what administrators do
//! with accounts.
//!
//! **Invariant:** everything that is changed here stands in the audit log, in the same write; whoever's
//! password, role or lock was changed has no session left from before.

pub mod manage;
pub mod password;
pub mod policy;
pub mod second_factor;
