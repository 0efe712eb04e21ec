//! The simulation's banks show no accounts.

use super::Simulated;
use crate::bank::accounts::{
    Account, AccountInformation, Balance, Beneficiary, ConsentAnswer, ConsentRequest, ConsentSession, FundsConfirmation, Page, Read,
    StatementFile, StatementQuery, Transaction, TransactionQuery,
};
use crate::bank::{BankError, PsuContext, PsuReply};
use crate::payment::{Amount, Iban};

fn nothing<T>(session: &ConsentSession) -> Read<T> {
    Read {
        result: Err(BankError::Unsupported),
        session: session.clone(),
    }
}

impl AccountInformation for Simulated {
    async fn request_consent(&self, _: &ConsentRequest, _: &PsuContext) -> Result<ConsentAnswer, BankError> {
        Err(BankError::Unsupported)
    }

    async fn reply_to_consent(&self, _: &ConsentSession, _: &PsuReply) -> Result<ConsentAnswer, BankError> {
        Err(BankError::Unsupported)
    }

    async fn ask_consent(&self, _: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        Err(BankError::Unsupported)
    }

    async fn revoke_consent(&self, _: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        Err(BankError::Unsupported)
    }

    async fn accounts(&self, session: &ConsentSession, _: Option<&str>) -> Read<Page<Account>> {
        nothing(session)
    }

    async fn account(&self, session: &ConsentSession, _: &str) -> Read<Account> {
        nothing(session)
    }

    async fn balances(&self, session: &ConsentSession, _: &str) -> Read<Vec<Balance>> {
        nothing(session)
    }

    async fn transactions(&self, session: &ConsentSession, _: &str, _: &TransactionQuery) -> Read<Page<Transaction>> {
        nothing(session)
    }

    async fn transaction(&self, session: &ConsentSession, _: &str, _: &str) -> Read<Transaction> {
        nothing(session)
    }

    async fn identity(&self, session: &ConsentSession) -> Read<String> {
        nothing(session)
    }

    async fn trusted_beneficiaries(&self, session: &ConsentSession, _: Option<&str>) -> Read<Page<Beneficiary>> {
        nothing(session)
    }

    async fn statement(&self, session: &ConsentSession, _: &str, _: &StatementQuery) -> Read<StatementFile> {
        nothing(session)
    }
}

impl FundsConfirmation for Simulated {
    async fn confirm_funds(&self, session: &ConsentSession, _: &Iban, _: &Amount) -> Read<bool> {
        nothing(session)
    }
}
