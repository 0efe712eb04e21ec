//! Consents: a partner asks for one, its payer gives it at the bank, the partner reads under it, and it ends.
//! The same consent, used once and by us, lets a payer choose the account on a payment's page.
//!
//! **Invariant:** one caller at a time uses a consent, and what the connector hands back is saved whatever came
//! of the call, because a token may have been exchanged on the way; only the browser that the link is bound to
//! can bring a consent back from the bank, so that nobody is talked into giving theirs to somebody else.

mod call;
pub mod choose;
pub mod due;
pub mod error;
pub mod init;
pub mod read;
pub mod revoke;
pub mod step;
pub mod tokens;
pub mod visit;

pub use error::ConsentError;
