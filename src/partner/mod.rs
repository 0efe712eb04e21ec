//! What a partner is.
//!
//! **Invariant:** plain data and rules; no database, no HTTP, nothing else of the application.

pub mod profile;
