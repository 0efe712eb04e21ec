//! The rules of a payment: what an order is, which states it passes through and what is shown to whom.
//!
//! **Invariant:** no database, no HTTP, no web and no clock here; every rule is a plain function of its
//! arguments. Money is integer minor units with a currency, never a float.

pub mod amount;
pub mod durations;
pub mod giro;
pub mod iban;
pub mod language;
pub mod limits;
pub mod link;
pub mod order;
pub mod refusal;
pub mod schedule;
pub mod status;
pub mod text;
pub mod transition;

pub use amount::{Amount, Currency};
pub use durations::Durations;
pub use giro::Giro;
pub use iban::Iban;
pub use language::Language;
pub use link::PaymentId;
pub use order::{Instruction, Order};
pub use schedule::{Frequency, Schedule};
pub use status::{InstructionOutcome, Status};
pub use transition::{Event, next};
