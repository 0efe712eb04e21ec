//! What partners read of accounts. Amounts are texts with two decimals, signed.

use crate::bank::accounts::{Account, Balance, Beneficiary, Money, Page, Transaction};
use serde::Serialize;

/// An amount and its currency.
#[derive(Debug, Serialize)]
pub struct MoneyView {
    amount: String,
    currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        let sign = if money.hundredths < 0 { "-" } else { "" };
        let all = money.hundredths.unsigned_abs();
        Self {
            amount: format!("{sign}{}.{:02}", all / 100, all % 100),
            currency: money.currency,
        }
    }
}

/// A balance.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BalanceView {
    balance_type: String,
    #[serde(flatten)]
    money: MoneyView,
    at: Option<String>,
}

impl From<Balance> for BalanceView {
    fn from(balance: Balance) -> Self {
        Self {
            balance_type: balance.kind,
            money: balance.amount.into(),
            at: balance.at,
        }
    }
}

/// An account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    account_id: String,
    iban: Option<String>,
    name: Option<String>,
    currency: String,
    account_status: Option<String>,
    balances: Vec<BalanceView>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            account_id: account.id,
            iban: account.iban.map(|i| i.electronic().to_owned()),
            name: account.name,
            currency: account.currency,
            account_status: account.status,
            balances: account.balances.into_iter().map(Into::into).collect(),
        }
    }
}

/// A transaction.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    transaction_id: Option<String>,
    booked: bool,
    #[serde(flatten)]
    money: MoneyView,
    booking_date: Option<String>,
    value_date: Option<String>,
    counterparty_name: Option<String>,
    counterparty_iban: Option<String>,
    details: Option<String>,
    end_to_end_id: Option<String>,
}

impl From<Transaction> for TransactionView {
    fn from(transaction: Transaction) -> Self {
        Self {
            transaction_id: transaction.id,
            booked: transaction.booked,
            money: transaction.amount.into(),
            booking_date: transaction.booking_date,
            value_date: transaction.value_date,
            counterparty_name: transaction.counterparty_name,
            counterparty_iban: transaction.counterparty_iban,
            details: transaction.remittance,
            end_to_end_id: transaction.end_to_end_id,
        }
    }
}

/// Somebody whom the PSU trusts at the bank.
#[derive(Debug, Serialize)]
pub struct BeneficiaryView {
    name: String,
    iban: Option<String>,
    trusted: bool,
}

impl From<Beneficiary> for BeneficiaryView {
    fn from(beneficiary: Beneficiary) -> Self {
        Self {
            name: beneficiary.name,
            iban: beneficiary.iban,
            trusted: beneficiary.trusted,
        }
    }
}

/// A part of a list, and what asks for the next.
pub fn split<T, V: From<T>>(page: Page<T>) -> (Vec<V>, Option<String>) {
    (page.items.into_iter().map(Into::into).collect(), page.next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_sign_and_two_decimals() {
        for (hundredths, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (123_456, "1234.56"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            let currency = "RON".to_owned();
            assert_eq!(MoneyView::from(Money { hundredths, currency }).amount, text);
        }
    }
}
