//! What a partner is: who may call the gateway, with which certificate, and what its payers may change.
//!
//! **Invariant:** plain data and rules; nothing here reads a database or a request.

pub mod application;
pub mod certificate;
pub mod onboarding;
pub mod profile;
pub mod signatures;
pub mod webhook;

pub use certificate::{CertificateFacts, PeerCertificate};
pub use profile::{ButtonText, Field, Logo, Logos, Partner, PartnerKind, Screen};
pub use signatures::{RegisteredKey, SignatureRules};
