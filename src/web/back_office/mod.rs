//! The operator's own pages.
//!
//! **Invariant:** nothing here is reachable without a signed-in user but the sign-in page itself.

pub mod pages;
