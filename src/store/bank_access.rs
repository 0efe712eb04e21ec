//! Tokens that are ours at a bank and not one payment's, and the logins of service accounts. All of it sealed.

use super::schema::{bank_access as t, bank_credentials as c};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::sql_types::{Integer, Text};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
};
use zeroize::Zeroizing;

#[diesel::declare_sql_function]
extern "SQL" {
    /// So many characters of a text, the first of which is number 1.
    fn substr(text: Text, from: Integer, length: Integer) -> Text;
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    access_sealed: Option<Vec<u8>>,
    refresh_sealed: Option<Vec<u8>>,
    fresh_until: Option<Timestamp>,
    locked_until: Option<Timestamp>,
    lease_until: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
}

/// What is kept.
#[derive(Clone, Default)]
pub struct StoredAccess {
    /// The token.
    pub access: Option<Zeroizing<String>>,
    /// What buys the next one.
    pub refresh: Option<Zeroizing<String>>,
    /// Until when the token is good.
    pub fresh_until: Option<Timestamp>,
    /// Until when the bank must not be asked for one.
    pub locked_until: Option<Timestamp>,
    /// 0 where there is nothing yet.
    pub version: i64,
}

impl std::fmt::Debug for StoredAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredAccess")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What is kept under an id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<StoredAccess, StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    let Some(row) = row else { return Ok(StoredAccess::default()) };
    let open = |column, sealed: Option<Vec<u8>>| sealed.map(|s| a.open("bank_access", column, id, &s)).transpose();
    Ok(StoredAccess {
        access: open("access", row.access_sealed)?,
        refresh: open("refresh", row.refresh_sealed)?,
        fresh_until: row.fresh_until,
        locked_until: row.locked_until,
        version: row.version,
    })
}

/// Takes the right to change it until `until`; `false` when somebody else has it or has changed it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn begin(a: &mut Access<'_>, id: &str, version: i64, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
    if version == 0 {
        let first = Row {
            id: id.to_owned(),
            access_sealed: None,
            refresh_sealed: None,
            fresh_until: None,
            locked_until: None,
            lease_until: Some(until),
            version: 1,
            updated_at: now,
        };
        let inserted = a.try_insert("the bank access", |conn| diesel::insert_into(t::table).values(&first).execute(conn));
        return match inserted {
            Ok(()) => Ok(true),
            Err(StoreError::Taken(_)) => Ok(false),
            Err(other) => Err(other),
        };
    }
    let free = t::table.find(id).filter(t::version.eq(version));
    let free = free.filter(t::lease_until.is_null().or(t::lease_until.le(now)));
    let taken = diesel::update(free)
        .set((t::version.eq(version + 1), t::lease_until.eq(until)))
        .execute(a.conn)?;
    Ok(taken == 1)
}

/// Keeps a token and gives the right back.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn keep(
    a: &mut Access<'_>,
    id: &str,
    access: &str,
    refresh: Option<&str>,
    fresh_until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let access = a.seal("bank_access", "access", id, access);
    let refresh = refresh.map(|text| a.seal("bank_access", "refresh", id, text));
    diesel::update(t::table.find(id))
        .set((
            t::access_sealed.eq(Some(access)),
            t::refresh_sealed.eq(refresh),
            t::fresh_until.eq(Some(fresh_until)),
            t::locked_until.eq(None::<Timestamp>),
            t::lease_until.eq(None::<Timestamp>),
            t::version.eq(t::version + 1),
            t::updated_at.eq(now),
        ))
        .execute(a.conn)?;
    Ok(())
}

/// Gives the right back with nothing bought; the bank is not asked again before `locked_until`. What was kept is
/// forgotten: it was not good any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn failed(a: &mut Access<'_>, id: &str, locked_until: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(t::table.find(id))
        .set((
            t::access_sealed.eq(None::<Vec<u8>>),
            t::refresh_sealed.eq(None::<Vec<u8>>),
            t::fresh_until.eq(None::<Timestamp>),
            t::locked_until.eq(locked_until),
            t::lease_until.eq(None::<Timestamp>),
            t::version.eq(t::version + 1),
            t::updated_at.eq(now),
        ))
        .execute(a.conn)?;
    Ok(())
}

/// Forgets every token of a holder at a bank: its credentials have changed.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forget(a: &mut Access<'_>, bank: &str, holder: &str, now: Timestamp) -> Result<(), StoreError> {
    // Compared, not matched: `_` in a code would stand for any character in LIKE.
    let mine = format!("{bank}|{holder}|");
    let length = i32::try_from(mine.chars().count()).map_err(|_| StoreError::Broken("the holder's name is too long".into()))?;
    let ids: Vec<String> = t::table.select(t::id).filter(substr(t::id, 1, length).eq(mine)).load(a.conn)?;
    for id in ids {
        failed(a, &id, None, now)?;
    }
    Ok(())
}

/// A name and a password.
pub type Login = (Zeroizing<String>, Zeroizing<String>);

/// The name and password of a service account; `holder` is a partner's id, or `operator`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn credentials(a: &mut Access<'_>, bank: &str, holder: &str) -> Result<Option<Login>, StoreError> {
    let id = format!("{bank}|{holder}");
    let found: Option<(Vec<u8>, Vec<u8>)> = c::table
        .find(&id)
        .select((c::name_sealed, c::password_sealed))
        .first(a.conn)
        .optional()?;
    let Some((name, password)) = found else { return Ok(None) };
    Ok(Some((
        a.open("bank_credentials", "name", &id, &name)?,
        a.open("bank_credentials", "password", &id, &password)?,
    )))
}

/// Stores or replaces them, and forgets the tokens bought with the old ones.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_credentials(a: &mut Access<'_>, bank: &str, holder: &str, name: &str, password: &str, now: Timestamp) -> Result<(), StoreError> {
    let id = format!("{bank}|{holder}");
    let name = a.seal("bank_credentials", "name", &id, name);
    let password = a.seal("bank_credentials", "password", &id, password);
    let changed = diesel::update(c::table.find(&id))
        .set((c::name_sealed.eq(&name), c::password_sealed.eq(&password), c::updated_at.eq(now)))
        .execute(a.conn)?;
    if changed == 0 {
        diesel::insert_into(c::table)
            .values((
                c::id.eq(&id),
                c::bank_code.eq(bank),
                c::holder.eq(holder),
                c::name_sealed.eq(&name),
                c::password_sealed.eq(&password),
                c::updated_at.eq(now),
            ))
            .execute(a.conn)?;
    }
    forget(a, bank, holder, now)
}
