//! The faults the program must survive, by their numbers: the program runs as a process of its own, with its
//! own files and its own TLS gateway, and is killed, halted, cut off and starved. The bank runs in the test
//! process and is never killed; its ledger is what every end is compared with (`support/checks.rs`).
//!
//! `SMARTPAY_BINARY` names the program (built with `fail-points`), else cargo's own build of it is used;
//! `SMARTPAY_TEST_POSTGRES` names a server for the scenarios with two nodes.
#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on panics")]
#![expect(clippy::print_stderr, reason = "scenarios report figures")]

mod support;

mod callbacks;
mod database;
mod decoupled;
mod gateway;
mod load;
mod nodes;
mod operations;
mod outbox;
mod slow_bank;
mod statuses;
mod submit;
mod tabs;
