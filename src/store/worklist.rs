//! Lists of payments and consents that want something done, and what the timer writes for many payments at once:
//! taking the leases of those that are due, and putting those off of which the bank had nothing new to say.

use super::connection::Conn;
use super::payment_row::Row;
use super::payments::{Claim, Payment};
use super::schema::payments as t;
use super::{Access, StoreError, instructions};
use crate::clock::Timestamp;
use crate::consent::ConsentId;
use crate::payment::{Currency, PaymentId};
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use std::collections::HashMap;

/// Ids of payments that have not ended, by id, after `after`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn unfinished(a: &mut Access<'_>, after: i64, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    let numbers: Vec<i64> = t::table
        .filter(t::ended_at.is_null())
        .filter(t::id.gt(after))
        .order(t::id)
        .limit(limit)
        .select(t::id)
        .load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}

/// Tables are types to diesel: the same statement once for payments and for consents.
macro_rules! due_in {
    ($(#[$doc:meta])* $name:ident, $table:ident, $id:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// [`StoreError`] of the database.
        pub fn $name(a: &mut Access<'_>, now: Timestamp, limit: i64, but: &[String]) -> Result<Vec<($id, Option<String>)>, StoreError> {
            use super::schema::$table as t;
            let free = t::lease_until.is_null().or(t::lease_until.le(now));
            let elsewhere = t::bank_code.is_null().or(t::bank_code.ne_all(but));
            let rows: Vec<(i64, Option<String>)> = t::table
                .filter(t::due_at.le(now))
                .filter(free)
                .filter(elsewhere)
                .order(t::due_at)
                .limit(limit)
                .select((t::id, t::bank_code))
                .load(a.conn)?;
            let ids = rows.into_iter().filter_map(|(number, bank)| Some((<$id>::from_number(number)?, bank)));
            Ok(ids.collect())
        }
    };
}

due_in!(
    /// Payments that are due and that nobody acts on, oldest first, with the codes of their banks, but none of the
    /// banks of `but`.
    due,
    payments,
    PaymentId
);

due_in!(
    /// The same of consents.
    due_consents,
    consents,
    ConsentId
);

/// Takes the leases, until `until`, of those of these payments that are still due and that nobody acts on. What
/// another node is taking at this moment is left to it, without waiting. The instructions are read separately
/// ([`with_instructions`]), because there may be thousands, and whoever writes keeps others waiting.
///
/// # Errors
/// [`StoreError`] of the database, also when a sealed column does not open; no lease is taken then.
pub fn claim(a: &mut Access<'_>, ids: &[PaymentId], now: Timestamp, until: Timestamp) -> Result<Vec<Claim>, StoreError> {
    let numbers = ids.iter().map(|id| id.number());
    let free = t::lease_until.is_null().or(t::lease_until.le(now));
    let wanted = t::table
        .filter(t::id.eq_any(numbers))
        .filter(t::due_at.le(now))
        .filter(free)
        .order(t::id);
    let mine: Vec<Row> = match a.conn {
        Conn::Sqlite(conn) => wanted.load(conn)?,
        #[cfg(feature = "postgres")]
        Conn::Pg(conn) => wanted.for_update().skip_locked().load(conn)?,
    };
    let claims: Vec<Claim> = mine
        .into_iter()
        .map(|row| {
            let read = row.open(a)?;
            Ok(Claim {
                payment: Payment {
                    version: read.version + 1,
                    lease_until: Some(until),
                    ..read
                },
            })
        })
        .collect::<Result<_, StoreError>>()?;
    if claims.is_empty() {
        return Ok(claims);
    }
    // The rows are locked, so their versions are still what was read.
    let these = t::table.filter(t::id.eq_any(claims.iter().map(|c| c.payment.id.number())));
    diesel::update(these)
        .set((t::version.eq(t::version + 1), t::lease_until.eq(until)))
        .execute(a.conn)?;
    Ok(claims)
}

/// The instructions of several payments, for claims as [`claim`] answers them. One whose instructions do not
/// open is left out, with an error in the log, and does not keep the others from being asked about.
pub fn with_instructions(a: &mut Access<'_>, claims: Vec<Claim>) -> Vec<Claim> {
    let of = |claim: &Claim| (claim.payment.id, claim.payment.currency);
    let together: Vec<_> = claims.iter().map(of).collect();
    let mut all = match instructions::of_several(a, &together) {
        Ok(all) => all,
        Err(_) => one_by_one(a, &together),
    };
    claims
        .into_iter()
        .filter_map(|mut claim| {
            let payment = &mut claim.payment;
            (payment.instructions, payment.instruction_words, payment.instruction_texts) = all.remove(&payment.id)?;
            Some(claim)
        })
        .collect()
}

fn one_by_one(a: &mut Access<'_>, of: &[(PaymentId, Currency)]) -> HashMap<PaymentId, instructions::WithWords> {
    let mut all = HashMap::new();
    for (id, currency) in of {
        match instructions::of(a, *id, *currency) {
            Ok(found) => {
                all.insert(*id, found);
            }
            Err(error) => tracing::error!(payment = %id, %error, "the instructions of a payment that is due"),
        }
    }
    all
}

/// A claimed payment of which the bank had nothing new to say: all that asking has changed.
#[derive(Clone)]
pub struct PutOff {
    id: PaymentId,
    version: i64,
    due_at: Option<Timestamp>,
    polls: i32,
    bank_word: Option<String>,
    bank_payment_id: Option<String>,
    bank_session: Option<String>,
    psu_step: Option<String>,
}

impl std::fmt::Debug for PutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutOff")
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl From<&Payment> for PutOff {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id,
            version: payment.version,
            due_at: payment.due_at,
            polls: payment.polls,
            bank_word: payment.bank_word.clone(),
            bank_payment_id: payment.bank_payment_id.clone(),
            bank_session: payment.bank_session.clone(),
            psu_step: payment.psu_step.clone(),
        }
    }
}

impl PutOff {
    fn sealed(&self, a: &Access<'_>, column: &'static str, plain: Option<&String>) -> Option<Vec<u8>> {
        plain.map(|text| a.seal("payments", column, &self.id.to_string(), text))
    }
}

/// Writes when payments are due again, and releases their leases. Those that somebody else wrote in between
/// stay as they are; answers how many were written.
///
/// # Errors
/// [`StoreError`] of the database; nothing is written then.
pub fn put_off(a: &mut Access<'_>, all: &[PutOff], now: Timestamp) -> Result<usize, StoreError> {
    if all.is_empty() {
        return Ok(0);
    }
    #[cfg(feature = "postgres")]
    if matches!(a.conn, Conn::Pg(_)) {
        return on_postgres::put_off(a, all, now);
    }
    let mut written = 0;
    for one in all {
        let set = (
            t::version.eq(one.version + 1),
            t::lease_until.eq(None::<Timestamp>),
            t::updated_at.eq(now),
            t::due_at.eq(one.due_at),
            t::polls.eq(one.polls),
            t::bank_word.eq(&one.bank_word),
            t::bank_payment_id.eq(&one.bank_payment_id),
            t::bank_session_sealed.eq(one.sealed(a, "bank_session", one.bank_session.as_ref())),
            t::psu_step_sealed.eq(one.sealed(a, "psu_step", one.psu_step.as_ref())),
        );
        let mine = t::table.filter(t::id.eq(one.id.number())).filter(t::version.eq(one.version));
        written += diesel::update(mine).set(set).execute(a.conn)?;
    }
    Ok(written)
}

#[cfg(feature = "postgres")]
mod on_postgres {
    //! One statement for all: a round trip to a server for each would take longer than the bank does.

    use super::{Access, Conn, PutOff, StoreError, Timestamp};
    use diesel::RunQueryDsl as _;
    use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text, Timestamp as At};

    const STATEMENT: &str = "UPDATE payments AS p
        SET version = p.version + 1, lease_until = NULL, updated_at = $1, due_at = v.due_at, polls = v.polls,
            bank_word = v.bank_word, bank_payment_id = v.bank_payment_id,
            bank_session_sealed = v.bank_session, psu_step_sealed = v.psu_step
        FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
            AS v (id, version, due_at, polls, bank_word, bank_payment_id, bank_session, psu_step)
        WHERE p.id = v.id AND p.version = v.version";

    pub(super) fn put_off(a: &mut Access<'_>, all: &[PutOff], now: Timestamp) -> Result<usize, StoreError> {
        fn column<'p, T>(all: &'p [PutOff], of: impl Fn(&'p PutOff) -> T) -> Vec<T> {
            all.iter().map(of).collect()
        }
        let sessions = column(all, |p| p.sealed(a, "bank_session", p.bank_session.as_ref()));
        let steps = column(all, |p| p.sealed(a, "psu_step", p.psu_step.as_ref()));
        let Conn::Pg(conn) = a.conn else {
            return Err(StoreError::Broken("not PostgreSQL".into()));
        };
        Ok(diesel::sql_query(STATEMENT)
            .bind::<At, _>(now)
            .bind::<Array<BigInt>, _>(column(all, |p| p.id.number()))
            .bind::<Array<BigInt>, _>(column(all, |p| p.version))
            .bind::<Array<Nullable<At>>, _>(column(all, |p| p.due_at))
            .bind::<Array<Integer>, _>(column(all, |p| p.polls))
            .bind::<Array<Nullable<Text>>, _>(column(all, |p| p.bank_word.as_deref()))
            .bind::<Array<Nullable<Text>>, _>(column(all, |p| p.bank_payment_id.as_deref()))
            .bind::<Array<Nullable<Binary>>, _>(sessions)
            .bind::<Array<Nullable<Binary>>, _>(steps)
            .execute(conn)?)
    }
}
