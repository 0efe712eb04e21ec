//! Times at which a bank takes no new payments because the operator said so.

use super::schema::bank_closures as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::Language;
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

/// A time at which a bank is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
pub struct Closure {
    /// Its id.
    pub id: String,
    /// The bank's code.
    pub bank_code: String,
    /// When it begins.
    pub from_at: Timestamp,
    /// When it ends; without one, when somebody ends it.
    pub until_at: Option<Timestamp>,
    /// What payers read, in Romanian.
    pub message_ro: String,
    /// What payers read, in English.
    pub message_en: String,
    /// Why, for the operator's own people.
    pub reason: String,
    /// Who said so.
    pub admin_id: String,
    /// When that was.
    pub created_at: Timestamp,
    /// When somebody ended it, perhaps before it began.
    pub ended_at: Option<Timestamp>,
}

impl Closure {
    /// Whether the bank is off then.
    #[must_use]
    pub fn covers(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.from_at <= now && self.until_at.is_none_or(|until| now < until)
    }

    /// Whether it is still to begin then.
    #[must_use]
    pub fn is_planned(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.from_at
    }

    /// What payers read.
    #[must_use]
    pub fn message(&self, language: Language) -> &str {
        match language {
            Language::Ro => &self.message_ro,
            Language::En => &self.message_en,
        }
    }
}

/// Those that have not ended by then, of all banks, by their beginning.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn open(a: &mut Access<'_>, now: Timestamp) -> Result<Vec<Closure>, StoreError> {
    let open = t::table
        .filter(t::ended_at.is_null())
        .filter(t::until_at.is_null().or(t::until_at.gt(now)))
        .order((t::from_at, t::id));
    Ok(open.load(a.conn)?)
}

/// The latest of a bank, ended or not, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_bank(a: &mut Access<'_>, bank: &str, limit: i64) -> Result<Vec<Closure>, StoreError> {
    let of_bank = t::table.filter(t::bank_code.eq(bank)).order((t::from_at.desc(), t::id.desc()));
    Ok(of_bank.limit(limit).load(a.conn)?)
}

/// Adds one.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add(a: &mut Access<'_>, closure: &Closure) -> Result<(), StoreError> {
    diesel::insert_into(t::table).values(closure).execute(a.conn)?;
    Ok(())
}

/// Ends one of a bank that has not ended; `false` when there is none such.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn end(a: &mut Access<'_>, bank: &str, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let open = t::table
        .filter(t::id.eq(id))
        .filter(t::bank_code.eq(bank))
        .filter(t::ended_at.is_null())
        .filter(t::until_at.is_null().or(t::until_at.gt(now)));
    Ok(diesel::update(open).set(t::ended_at.eq(now)).execute(a.conn)? == 1)
}
