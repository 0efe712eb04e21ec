//! How banks stand: when each answered last, what has failed since, and the latest errors. Several nodes write.

use super::schema::{bank_contacts as c, bank_errors as e};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// Errors of a bank that are kept.
const KEPT_ERRORS: i64 = 200;

/// How a bank stands.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = c, treat_none_as_default_value = false)]
pub struct Contact {
    /// The bank's code.
    pub bank_code: String,
    /// When it answered last, be it with a refusal.
    pub answered_at: Option<Timestamp>,
    /// When it last did what was asked.
    pub done_at: Option<Timestamp>,
    /// When a call failed last.
    pub failed_at: Option<Timestamp>,
    /// How many calls failed since it answered.
    pub failed_in_row: i64,
}

/// Adds what was seen of a bank: times later than those known replace them, and an answer later than the last
/// failure ends the row of failures.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn merge(a: &mut Access<'_>, seen: &Contact) -> Result<(), StoreError> {
    let merged = match of(a, &seen.bank_code)? {
        Some(known) => known.with(seen),
        None => {
            let inserted = a.try_insert("the bank", |conn| diesel::insert_into(c::table).values(seen).execute(conn));
            match inserted {
                Err(StoreError::Taken(_)) => of(a, &seen.bank_code)?.map_or_else(|| seen.clone(), |known| known.with(seen)),
                other => return other,
            }
        }
    };
    let set = (
        c::answered_at.eq(merged.answered_at),
        c::done_at.eq(merged.done_at),
        c::failed_at.eq(merged.failed_at),
        c::failed_in_row.eq(merged.failed_in_row),
    );
    diesel::update(c::table.find(&seen.bank_code)).set(set).execute(a.conn)?;
    Ok(())
}

impl Contact {
    /// Nothing known.
    #[must_use]
    pub fn new(bank_code: &str) -> Self {
        Self {
            bank_code: bank_code.to_owned(),
            answered_at: None,
            done_at: None,
            failed_at: None,
            failed_in_row: 0,
        }
    }

    /// With what was seen later, or at the same time on another node.
    #[must_use]
    pub fn with(&self, seen: &Self) -> Self {
        let ended = seen.answered_at.is_some() && seen.answered_at >= self.failed_at;
        Self {
            bank_code: self.bank_code.clone(),
            answered_at: self.answered_at.max(seen.answered_at),
            done_at: self.done_at.max(seen.done_at),
            failed_at: self.failed_at.max(seen.failed_at),
            failed_in_row: if ended { 0 } else { self.failed_in_row }.saturating_add(seen.failed_in_row),
        }
    }
}

fn of(a: &mut Access<'_>, bank: &str) -> Result<Option<Contact>, StoreError> {
    Ok(c::table.find(bank).first(a.conn).optional()?)
}

/// How all banks stand that were ever called.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn all(a: &mut Access<'_>) -> Result<Vec<Contact>, StoreError> {
    Ok(c::table.order(c::bank_code).load(a.conn)?)
}

/// A call that was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = e, treat_none_as_default_value = false)]
pub struct CallError {
    id: String,
    /// The bank's code.
    pub bank_code: String,
    /// When.
    pub at: Timestamp,
    /// What was being done.
    pub operation: String,
    /// How it went, in a word.
    pub outcome: String,
    /// The HTTP status, where there was one.
    pub http_status: Option<i32>,
    /// The bank's own error code, where it gave one.
    pub code: Option<String>,
    /// What was sent as `X-Request-ID`.
    pub request_id: String,
    payment_id: Option<i64>,
}

impl CallError {
    /// One that is to be stored.
    #[must_use]
    pub fn new(bank: &str, at: Timestamp, (operation, outcome): (&str, &str), request_id: String) -> Self {
        Self {
            id: uuid::Uuid::now_v7().to_string(),
            bank_code: bank.to_owned(),
            at,
            operation: operation.to_owned(),
            outcome: outcome.to_owned(),
            http_status: None,
            code: None,
            request_id,
            payment_id: None,
        }
    }

    /// With the HTTP status and the bank's own error code, where there were any.
    #[must_use]
    pub fn with_answer(self, http_status: Option<u16>, code: Option<String>) -> Self {
        Self {
            http_status: http_status.map(i32::from),
            code,
            ..self
        }
    }

    /// With the payment that it was about.
    #[must_use]
    pub fn about(self, payment: Option<PaymentId>) -> Self {
        Self {
            payment_id: payment.map(PaymentId::number),
            ..self
        }
    }

    /// The payment it was about, where it was about one.
    #[must_use]
    pub fn payment(&self) -> Option<PaymentId> {
        self.payment_id.and_then(PaymentId::from_number)
    }
}

/// Adds errors, and forgets the oldest of each of these banks beyond 200.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_errors(a: &mut Access<'_>, errors: &[CallError]) -> Result<(), StoreError> {
    for error in errors {
        diesel::insert_into(e::table).values(error).execute(a.conn)?;
    }
    let mut banks: Vec<&str> = errors.iter().map(|error| error.bank_code.as_str()).collect();
    banks.sort_unstable();
    banks.dedup();
    for bank in banks {
        let of_bank = e::table.filter(e::bank_code.eq(bank));
        let oldest: Option<Timestamp> = of_bank
            .order(e::at.desc())
            .offset(KEPT_ERRORS)
            .select(e::at)
            .first(a.conn)
            .optional()?;
        if let Some(oldest) = oldest {
            diesel::delete(of_bank.filter(e::at.le(oldest))).execute(a.conn)?;
        }
    }
    Ok(())
}

/// The latest errors of a bank, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn errors(a: &mut Access<'_>, bank: &str, limit: i64) -> Result<Vec<CallError>, StoreError> {
    let of_bank = e::table.filter(e::bank_code.eq(bank)).order((e::at.desc(), e::id.desc()));
    Ok(of_bank.limit(limit).load(a.conn)?)
}

/// Forgets the errors from before a moment.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forget_errors(a: &mut Access<'_>, before: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(e::table.filter(e::at.lt(before))).execute(a.conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_a_row_of_failures_unless_it_is_older_than_they_are() {
        let at = |s: i64| chrono::DateTime::from_timestamp(s, 0).map(|t| t.naive_utc());
        let seen = |answered, failed, failed_in_row| Contact {
            answered_at: answered,
            failed_at: failed,
            failed_in_row,
            ..Contact::new("cec")
        };
        let known = seen(at(10), at(20), 2);
        let told = |later: &Contact| {
            let merged = known.with(later);
            (merged.failed_in_row, merged.answered_at, merged.failed_at)
        };
        assert_eq!(told(&seen(None, at(30), 1)), (3, at(10), at(30)));
        assert_eq!(told(&seen(at(30), None, 0)), (0, at(30), at(20)));
        assert_eq!(told(&seen(at(30), at(31), 1)), (1, at(30), at(31)));
        assert_eq!(told(&seen(at(15), None, 0)), (2, at(15), at(20)), "another node's older answer");
    }
}
