//! Stories: the application as it is started in production, partners with real certificates, payers with
//! browsers, and the sandbox bank at the other end.
//!
//! Every story that starts a [`support::TestApp`] ends with the same check of everything it left behind
//! (`support/checks.rs`). `SMARTPAY_TEST_POSTGRES` names a PostgreSQL server; without it the stories use
//! SQLite files.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on panics")]

mod support;

mod bad_input;
mod happy_path;
