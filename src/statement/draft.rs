//! An entry of camt.053 while its elements come in.

use super::{Covered, Entry, Unreadable, Why, account, amount, some};
use chrono::NaiveDate;

/// An amount and its currency.
type Money = (i64, String);

/// One transaction of an entry (`TxDtls`), or what an entry without any says.
#[derive(Default)]
pub(super) struct Transaction {
    pub money: Option<Money>,
    pub is_credit: Option<bool>,
    pub end_to_end_id: Option<String>,
    pub debtor: Option<String>,
    pub debtor_iban: Option<String>,
    pub creditor: Option<String>,
    pub creditor_iban: Option<String>,
    pub remittance: Vec<String>,
    pub reference: Option<String>,
}

/// An entry (`Ntry`).
#[derive(Default)]
pub(super) struct Draft {
    pub line: u64,
    pub money: Option<Money>,
    pub is_credit: Option<bool>,
    pub is_reversal: bool,
    pub status: Option<String>,
    pub booked: Option<NaiveDate>,
    pub valued: Option<NaiveDate>,
    pub reference: Option<String>,
    pub about: Option<String>,
    pub transactions: Vec<Transaction>,
}

/// An amount with the currency of its attribute.
pub(super) fn money(text: &str, currency: Option<&str>) -> Result<Money, Why> {
    let minor = amount::plain(text).ok_or(Why::Amount)?;
    let code = currency.unwrap_or_default();
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Why::Currency);
    }
    Ok((minor, code.to_owned()))
}

/// The day of an ISO date or time.
pub(super) fn day(text: &str) -> Result<NaiveDate, Why> {
    let day = text.trim().get(..10).unwrap_or_default();
    NaiveDate::parse_from_str(day, "%Y-%m-%d").map_err(|_| Why::Day)
}

/// Whether money came in.
pub(super) fn is_credit(text: &str) -> Result<bool, Why> {
    match text.trim() {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        _ => Err(Why::Direction),
    }
}

impl Transaction {
    /// Takes an element inside `TxDtls`.
    pub(super) fn take(&mut self, at: &str, text: &str, currency: Option<&str>) -> Result<(), Why> {
        match at {
            // What was instructed counts only where the booked amount is not said.
            "Amt" => self.money = Some(money(text, currency)?),
            "AmtDtls/TxAmt/Amt" if self.money.is_none() => self.money = Some(money(text, currency)?),
            "CdtDbtInd" => self.is_credit = Some(is_credit(text)?),
            "Refs/EndToEndId" => self.end_to_end_id = some(text).filter(|id| id != "NOTPROVIDED"),
            "Refs/AcctSvcrRef" => self.reference = some(text),
            "RltdPties/Dbtr/Nm" | "RltdPties/Dbtr/Pty/Nm" => self.debtor = some(text),
            "RltdPties/DbtrAcct/Id/IBAN" => self.debtor_iban = account(text),
            "RltdPties/Cdtr/Nm" | "RltdPties/Cdtr/Pty/Nm" => self.creditor = some(text),
            "RltdPties/CdtrAcct/Id/IBAN" => self.creditor_iban = account(text),
            "RmtInf/Ustrd" | "RmtInf/Strd/CdtrRefInf/Ref" => self.remittance.extend(some(text)),
            _ => {}
        }
        Ok(())
    }
}

impl Draft {
    /// Takes an element inside `Ntry`, but outside `TxDtls`.
    pub(super) fn take(&mut self, at: &str, text: &str, currency: Option<&str>) -> Result<(), Why> {
        match at {
            "Amt" => self.money = Some(money(text, currency)?),
            "CdtDbtInd" => self.is_credit = Some(is_credit(text)?),
            "RvslInd" => self.is_reversal = matches!(text.trim(), "true" | "1"),
            // A code of its own since 001.04; what is around it says nothing then.
            "Sts" | "Sts/Cd" => self.status = some(text).or(self.status.take()),
            "BookgDt/Dt" | "BookgDt/DtTm" => self.booked = Some(day(text)?),
            "ValDt/Dt" | "ValDt/DtTm" => self.valued = Some(day(text)?),
            "AcctSvcrRef" => self.reference = some(text),
            "AddtlNtryInf" => self.about = some(text),
            _ => {}
        }
        Ok(())
    }

    /// The entries it stands for: one for each transaction whose amount is said, else one in all.
    pub(super) fn entries(mut self, own: Option<&str>, covered: &mut Covered) -> Result<Vec<Entry>, Unreadable> {
        let missing = |at: &str| Unreadable::new(Why::Missing, self.line, format!("Ntry/{at}"));
        let (minor, currency) = self.money.clone().ok_or_else(|| missing("Amt"))?;
        let is_credit = self.is_credit.ok_or_else(|| missing("CdtDbtInd"))?;
        let booked = self.booked.or(self.valued).ok_or_else(|| missing("BookgDt"))?;
        if self.status.as_deref().is_some_and(|status| status != "BOOK") {
            covered.not_booked += 1;
            return Ok(Vec::new());
        }
        covered.include(booked);
        let transactions = std::mem::take(&mut self.transactions);
        let each_has_its_own = transactions.len() > 1 && transactions.iter().all(|t| t.money.is_some());
        let entry = |transaction: Transaction| {
            let (minor, currency) = match transaction.money.filter(|_| each_has_its_own) {
                Some(own) => own,
                None => (minor, currency.clone()),
            };
            let is_credit = transaction.is_credit.filter(|_| each_has_its_own).unwrap_or(is_credit);
            let (name, iban) = if is_credit {
                (transaction.debtor, transaction.debtor_iban)
            } else {
                (transaction.creditor, transaction.creditor_iban.clone())
            };
            let own = own.filter(|_| is_credit).map(str::to_owned);
            let remittance = transaction.remittance.join(" ");
            Entry {
                line: self.line,
                booked,
                is_credit,
                is_reversal: self.is_reversal,
                minor,
                currency,
                end_to_end_id: transaction.end_to_end_id,
                name,
                iban,
                creditor_iban: transaction.creditor_iban.or(own),
                remittance: if remittance.is_empty() {
                    self.about.clone().unwrap_or_default()
                } else {
                    remittance
                },
                reference: transaction.reference.or_else(|| self.reference.clone()),
            }
        };
        Ok(match transactions.len() {
            0 => vec![entry(Transaction::default())],
            1 => transactions.into_iter().map(entry).collect(),
            _ if each_has_its_own => transactions.into_iter().map(entry).collect(),
            // Only their sum is known.
            _ => vec![entry(Transaction::default())],
        })
    }
}
