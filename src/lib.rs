//! SmartPay: a hosted payment initiation service (PSD2 PISP).
//!
//! A request is read from left to right:
//!
//! ```text
//!  browser, partner ──▶ web ─┐                     ┌─▶ bank ──▶ the bank
//!                            ├──▶ flow ──▶ payment │
//!  timer ─────────▶ worker ──┘      │     (rules)  └─▶ mail ──▶ SMTP
//!                                   └──▶ store ──▶ SQLite, PostgreSQL
//! ```
//!
//! A **payment** has a status, and one table says which event moves it ([`payment::transition`]). A **bank**
//! connector turns our order into what the bank says now, and says whether the PSU has to do something. A
//! **flow** is one verb: it claims the payment, calls the bank with no lock held, and saves status, history
//! and outbox in one write. **Web** and **worker** only start flows. **Store** is the only part that knows SQL.
//!
//! # Who may import whom
//!
//! | module | may use | never |
//! |---|---|---|
//! | [`payment`], [`partner`], [`clock`] | the standard library, serde, time | a database, HTTP, other modules but `payment` |
//! | [`consent`] | as `payment`, and its ids | as `payment` |
//! | [`statement`] | nothing of ours | as `payment` |
//! | [`bank`] | `payment`, `clock` | `store`, `flow`, `web` |
//! | [`store`] | `payment`, `consent`, `partner`, `statement`, `clock`, `crypto` | `bank`, `flow`, `web` |
//! | [`mail`] | `payment`, `partner`, `clock` | `store` |
//! | [`webhook`] | `payment` (text rules) | `store`, `flow`, `web` |
//! | [`identity`] | `bank`'s HTTP client, `crypto`, `clock` | `store`, `flow`, `web` |
//! | [`flow`] | all of the above | `web`, `worker`, actix |
//! | [`web`], [`worker`] | `flow`, the rules, what `bank` and `crypto` can tell; `store` for **reads** | SQL; each other |
//! | [`sandbox`] | `payment::iban`, `clock` | everything else: it is the other side |
//! | [`demo`] | the partner API over HTTPS; flows to make its partners and admin | |
//! | [`fail_point`] | `clock` | everything else; `bank`, `store` and `flow` name places at which tests kill the process |
//! | [`app`] | all of them: one builder for production, demo and tests | |
//!
//! Reads may go from web straight to the store; every write is a flow.

pub mod app;
pub mod bank;
pub mod clock;
pub mod config;
pub mod consent;
pub mod crypto;
pub mod demo;
pub mod fail_point;
pub mod flow;
pub mod identity;
pub mod mail;
pub mod partner;
pub mod payment;
pub mod sandbox;
#[cfg(test)]
mod simulation;
pub mod statement;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod webhook;
pub mod worker;
