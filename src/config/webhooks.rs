//! Webhooks: which endpoints of partners may be called, and how.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Webhooks.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Networks that may be called although they are not part of the public internet.
    pub allow_private: Vec<IpNet>,
    /// Whether this machine may be called, without TLS too.
    pub allow_loopback: bool,
    /// Milliseconds from the start of a call to the last byte of its answer.
    pub timeout_ms: u64,
    /// PEM of further roots.
    #[serde(default)]
    pub extra_ca: Option<PathBuf>,
}
