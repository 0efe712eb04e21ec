//! Berlin Group NextGenPSD2.

use super::{Answer, BankError, Order, PsuContext, PsuReply, Session};
use serde::{Deserialize, Serialize};

/// What must survive between two calls.
#[derive(Clone, Serialize, Deserialize)]
pub struct Conversation {}

/// A Berlin Group bank.
#[derive(Clone, Debug)]
pub struct BerlinGroup {}

impl super::PaymentInitiation for BerlinGroup {
    async fn initiate(&self, _order: &Order, _psu: &PsuContext) -> Result<Answer, BankError> {
        Err(BankError::Unsupported)
    }
    async fn reply(&self, _session: &Session, _reply: &PsuReply) -> Result<Answer, BankError> {
        Err(BankError::Unsupported)
    }
    async fn ask(&self, _session: &Session) -> Result<Answer, BankError> {
        Err(BankError::Unsupported)
    }
    async fn withdraw(&self, _session: &Session) -> Result<Answer, BankError> {
        Err(BankError::Unsupported)
    }
}
