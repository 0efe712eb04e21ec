//! The STET connector against the sandbox's banks: mutual TLS, signatures on both sides, the PSU at the bank's pages.

mod access;
mod payments;
mod world;
