//! SmartPay: a hosted payment initiation service.

pub mod app;
pub mod bank;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod demo;
pub mod flow;
pub mod mail;
pub mod partner;
pub mod payment;
pub mod sandbox;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod worker;
