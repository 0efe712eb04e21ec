//! Account information and funds confirmation at whichever bank it is.

use super::accounts::{
    Account, AccountInformation, Balance, Beneficiary, ConsentAnswer, ConsentRequest, ConsentSession, FundsConfirmation, Page, Read,
    StatementFile, StatementQuery, Transaction, TransactionQuery,
};
use super::{BankError, Connector, PsuContext, PsuReply, each};
use crate::payment::{Amount, Iban};

impl AccountInformation for Connector {
    async fn request_consent(&self, wanted: &ConsentRequest, psu: &PsuContext) -> Result<ConsentAnswer, BankError> {
        each!(self, bank => bank.request_consent(wanted, psu).await)
    }

    async fn reply_to_consent(&self, session: &ConsentSession, reply: &PsuReply) -> Result<ConsentAnswer, BankError> {
        each!(self, bank => bank.reply_to_consent(session, reply).await)
    }

    async fn ask_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        each!(self, bank => bank.ask_consent(session).await)
    }

    async fn revoke_consent(&self, session: &ConsentSession) -> Result<ConsentAnswer, BankError> {
        each!(self, bank => bank.revoke_consent(session).await)
    }

    async fn accounts(&self, session: &ConsentSession, page: Option<&str>) -> Read<Page<Account>> {
        each!(self, bank => bank.accounts(session, page).await)
    }

    async fn account(&self, session: &ConsentSession, account: &str) -> Read<Account> {
        each!(self, bank => bank.account(session, account).await)
    }

    async fn balances(&self, session: &ConsentSession, account: &str) -> Read<Vec<Balance>> {
        each!(self, bank => bank.balances(session, account).await)
    }

    async fn transactions(&self, session: &ConsentSession, account: &str, query: &TransactionQuery) -> Read<Page<Transaction>> {
        each!(self, bank => bank.transactions(session, account, query).await)
    }

    async fn transaction(&self, session: &ConsentSession, account: &str, transaction: &str) -> Read<Transaction> {
        each!(self, bank => bank.transaction(session, account, transaction).await)
    }

    async fn identity(&self, session: &ConsentSession) -> Read<String> {
        each!(self, bank => bank.identity(session).await)
    }

    async fn trusted_beneficiaries(&self, session: &ConsentSession, page: Option<&str>) -> Read<Page<Beneficiary>> {
        each!(self, bank => bank.trusted_beneficiaries(session, page).await)
    }

    async fn statement(&self, session: &ConsentSession, account: &str, query: &StatementQuery) -> Read<StatementFile> {
        each!(self, bank => bank.statement(session, account, query).await)
    }
}

impl FundsConfirmation for Connector {
    async fn confirm_funds(&self, session: &ConsentSession, account: &Iban, amount: &Amount) -> Read<bool> {
        each!(self, bank => bank.confirm_funds(session, account, amount).await)
    }
}
