//! Sealing again, with the newest key, what older keys have sealed: column by column, row by row in the order of
//! their keys, some rows in one transaction together with how far it is.
//!
//! **Invariant:** [`COLUMNS`] names every column that is sealed. A value is replaced only while it is still the one
//! that was read, and what it says stays the same.

use super::schema::reseal_passes as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::crypto::{Place, Vault};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, QueryableByName, RunQueryDsl as _,
};

/// The only pass there is.
const NAME: &str = "columns";

/// How a table's rows are told apart; the row of a sealed value's [`Place`] is the same, joined by a slash.
#[derive(Clone, Copy, Debug)]
enum Key {
    /// One text.
    Text(&'static str),
    /// One number.
    Number(&'static str),
    /// A text and a number.
    TextNumber(&'static str, &'static str),
    /// Two numbers.
    Numbers(&'static str, &'static str),
}

impl Key {
    /// Both parts as they are read: the first one as text, the second one as a number (0 where there is none).
    fn select(self) -> String {
        match self {
            Self::Text(one) => format!("{one} AS one, CAST(0 AS BIGINT) AS two"),
            Self::Number(one) => format!("CAST({one} AS TEXT) AS one, CAST(0 AS BIGINT) AS two"),
            Self::TextNumber(one, two) => format!("{one} AS one, CAST({two} AS BIGINT) AS two"),
            Self::Numbers(one, two) => format!("CAST({one} AS TEXT) AS one, CAST({two} AS BIGINT) AS two"),
        }
    }

    fn columns(self) -> String {
        match self {
            Self::Text(one) | Self::Number(one) => one.into(),
            Self::TextNumber(one, two) | Self::Numbers(one, two) => format!("{one}, {two}"),
        }
    }

    /// The bound values in the columns' types, as placeholders from this number on.
    fn bound(self, from: usize) -> String {
        let next = from + 1;
        match self {
            Self::Text(_) => format!("${from}"),
            Self::Number(_) => format!("CAST(${from} AS BIGINT)"),
            Self::TextNumber(..) => format!("${from}, ${next}"),
            Self::Numbers(..) => format!("CAST(${from} AS BIGINT), ${next}"),
        }
    }

    const fn has_two(self) -> bool {
        matches!(self, Self::TextNumber(..) | Self::Numbers(..))
    }
}

/// A sealed column: its table, its name (in the database with `_sealed` behind it) and the table's key.
type Column = (&'static str, &'static str, Key);

/// All of them.
const COLUMNS: &[Column] = &[
    ("payments", "link_state", Key::Number("id")),
    ("payments", "psu_id_at_partner", Key::Number("id")),
    ("payments", "psu_email", Key::Number("id")),
    ("payments", "debtor_iban", Key::Number("id")),
    ("payments", "bank_session", Key::Number("id")),
    ("payments", "psu_step", Key::Number("id")),
    ("payment_instructions", "creditor_name", Key::Numbers("payment_id", "seq")),
    ("payment_instructions", "creditor_iban", Key::Numbers("payment_id", "seq")),
    ("payment_instructions", "details", Key::Numbers("payment_id", "seq")),
    ("payment_instructions", "giro", Key::Numbers("payment_id", "seq")),
    ("payment_instructions", "bank_text", Key::Numbers("payment_id", "seq")),
    ("outbox", "payload", Key::Text("id")),
    ("admins", "totp", Key::Text("id")),
    ("admins", "totp_pending", Key::Text("id")),
    ("admin_sessions", "state", Key::Text("key_hash")),
    ("applications", "content", Key::Text("id")),
    ("applications", "note", Key::Text("id")),
    ("bank_access", "access", Key::Text("id")),
    ("bank_access", "refresh", Key::Text("id")),
    ("bank_credentials", "name", Key::Text("id")),
    ("bank_credentials", "password", Key::Text("id")),
    ("consents", "link_state", Key::Number("id")),
    ("consents", "psu_id_at_partner", Key::Number("id")),
    ("consents", "session", Key::Number("id")),
    ("consents", "psu_step", Key::Number("id")),
    ("consents", "page", Key::Number("id")),
    ("export_parts", "part", Key::TextNumber("export_id", "seq")),
    ("onboarding_files", "file", Key::Text("partner_id")),
    ("onboarding_files", "end_reason", Key::Text("partner_id")),
    ("onboarding_versions", "file", Key::TextNumber("partner_id", "version")),
    ("onboarding_documents", "name", Key::Text("id")),
    ("onboarding_documents", "remove_reason", Key::Text("id")),
    ("onboarding_document_parts", "part", Key::TextNumber("document_id", "seq")),
    ("payer_requests", "email", Key::Text("id")),
    ("reconciliations", "file_name", Key::Text("id")),
    ("reconciliations", "account", Key::Text("id")),
    ("reconciliation_parts", "part", Key::TextNumber("reconciliation_id", "seq")),
    ("reconciliation_lines", "entry", Key::TextNumber("reconciliation_id", "seq")),
    ("report_readers", "address", Key::Text("admin_id")),
    ("webhook_deliveries", "payload", Key::Text("id")),
    ("webhook_deliveries", "answer", Key::Text("id")),
    ("signing_keys", "private", Key::Text("kid")),
];

/// How far a change of key is.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[diesel(table_name = t)]
pub struct Pass {
    /// The key with which all will be sealed; 0 before the first change of key.
    pub key_id: i64,
    unit: i32,
    after_one: Option<String>,
    after_two: i64,
    /// Values looked at.
    pub rows_seen: i64,
    /// Values there were at the beginning.
    pub rows_all: i64,
    /// Values that were sealed anew.
    pub values_resealed: i64,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When all was done.
    pub ended_at: Option<Timestamp>,
    version: i64,
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    one: String,
    #[diesel(sql_type = BigInt)]
    two: i64,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    many: i64,
}

/// How far the last change of key is.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn state(a: &mut Access<'_>) -> Result<Pass, StoreError> {
    let columns = (
        t::key_id,
        t::unit,
        t::after_one,
        t::after_two,
        t::rows_seen,
        t::rows_all,
        t::values_resealed,
        t::started_at,
        t::ended_at,
        t::version,
    );
    Ok(t::table.filter(t::name.eq(NAME)).select(columns).first(a.conn)?)
}

/// Whether there is something to seal again and nobody is at it. A node whose sealing key is older than that of
/// the last pass leaves it alone: it was not restarted yet.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn is_due(a: &mut Access<'_>, now: Timestamp) -> Result<bool, StoreError> {
    if a.vault.keys() < 2 {
        return Ok(false);
    }
    let key = i64::from(a.vault.seals_with());
    let free = t::due_at.is_null().or(t::due_at.le(now));
    let open = t::key_id.lt(key).or(t::key_id.eq(key).and(t::ended_at.is_null()));
    let found: Option<i64> = t::table
        .filter(t::name.eq(NAME))
        .filter(open.and(free))
        .select(t::version)
        .first(a.conn)
        .optional()?;
    Ok(found.is_some())
}

/// Goes on with the pass, or begins the one of a new key; it is this node's until `until`.
///
/// # Errors
/// [`StoreError::Conflict`] when another node was first.
pub fn begin(a: &mut Access<'_>, now: Timestamp, until: Timestamp) -> Result<Pass, StoreError> {
    let key = i64::from(a.vault.seals_with());
    let found = state(a)?;
    let mut next = Pass {
        version: found.version + 1,
        ..found
    };
    if next.key_id != key {
        next = Pass {
            key_id: key,
            unit: 0,
            after_one: None,
            after_two: 0,
            rows_seen: 0,
            rows_all: count_all(a)?,
            values_resealed: 0,
            started_at: Some(now),
            ended_at: None,
            version: next.version,
        };
    }
    save(a, &next, Some(until))?;
    Ok(next)
}

/// Begins again from the first column: something was sealed with an older key behind its back.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn begin_again(a: &mut Access<'_>) -> Result<(), StoreError> {
    let mine = t::table.filter(t::name.eq(NAME));
    diesel::update(mine)
        .set((t::key_id.eq(0), t::due_at.eq(None::<Timestamp>), t::version.eq(t::version + 1)))
        .execute(a.conn)?;
    Ok(())
}

fn save(a: &mut Access<'_>, pass: &Pass, due_at: Option<Timestamp>) -> Result<(), StoreError> {
    let mine = t::table.filter(t::name.eq(NAME)).filter(t::version.eq(pass.version - 1));
    let set = (
        t::key_id.eq(pass.key_id),
        t::unit.eq(pass.unit),
        t::after_one.eq(&pass.after_one),
        t::after_two.eq(pass.after_two),
        t::rows_seen.eq(pass.rows_seen),
        t::rows_all.eq(pass.rows_all),
        t::values_resealed.eq(pass.values_resealed),
        t::started_at.eq(pass.started_at),
        t::ended_at.eq(pass.ended_at),
        t::due_at.eq(due_at),
        t::version.eq(pass.version),
    );
    match diesel::update(mine).set(set).execute(a.conn)? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

fn count_all(a: &mut Access<'_>) -> Result<i64, StoreError> {
    let mut all = 0;
    for (table, column, _) in COLUMNS {
        let sql = format!("SELECT COUNT({column}_sealed) AS many FROM {table}");
        all += diesel::sql_query(sql).get_result::<Count>(a.conn)?.many;
    }
    Ok(all)
}

/// At most `at_once` values of a column behind a place.
fn values(a: &mut Access<'_>, column: Column, after: Option<(&str, i64)>, at_once: i64) -> Result<Vec<Value>, StoreError> {
    let (table, name, key) = column;
    let (select, keys) = (key.select(), key.columns());
    let behind = match after {
        Some(_) => format!("AND ({keys}) > ({})", key.bound(1)),
        None => String::new(),
    };
    let sql = format!(
        "SELECT {select}, {name}_sealed AS sealed FROM {table} WHERE {name}_sealed IS NOT NULL {behind} ORDER BY {keys} LIMIT {at_once}"
    );
    let query = diesel::sql_query(sql);
    Ok(match after {
        None => query.load(a.conn)?,
        Some((one, two)) if key.has_two() => query.bind::<Text, _>(one).bind::<BigInt, _>(two).load(a.conn)?,
        Some((one, _)) => query.bind::<Text, _>(one).load(a.conn)?,
    })
}

/// Seals a value again if an older key has sealed it; whether it did.
fn reseal(a: &mut Access<'_>, column: Column, value: &Value) -> Result<bool, StoreError> {
    let (table, name, key) = column;
    if Vault::sealed_with(&value.sealed) == Some(a.vault.seals_with()) {
        return Ok(false);
    }
    let row = if key.has_two() {
        format!("{}/{}", value.one, value.two)
    } else {
        value.one.clone()
    };
    let place = Place {
        table,
        column: name,
        row: &row,
    };
    let Ok(plain) = a.vault.open(place, &value.sealed) else {
        // One that was damaged must not keep the others under the old key.
        tracing::error!(table, column = name, row, "a sealed value does not open and stays as it is");
        return Ok(false);
    };
    let sealed = a.vault.seal(place, &plain);
    let sql = format!(
        "UPDATE {table} SET {name}_sealed = $1 WHERE {name}_sealed = $2 AND ({}) = ({})",
        key.columns(),
        key.bound(3)
    );
    let query = diesel::sql_query(sql)
        .bind::<Binary, _>(sealed)
        .bind::<Binary, _>(&value.sealed)
        .bind::<Text, _>(&value.one);
    let changed = if key.has_two() {
        query.bind::<BigInt, _>(value.two).execute(a.conn)?
    } else {
        query.execute(a.conn)?
    };
    Ok(changed == 1)
}

/// Seals the next values again, and says how far it is; the pass is held until `until`.
///
/// # Errors
/// [`StoreError::Conflict`] when another node has taken it over. A value that no key opens is logged and passed by.
pub fn some(a: &mut Access<'_>, pass: &Pass, at_once: i64, now: Timestamp, until: Timestamp) -> Result<Pass, StoreError> {
    let mut next = Pass {
        version: pass.version + 1,
        ..pass.clone()
    };
    let Some(column) = usize::try_from(pass.unit).ok().and_then(|n| COLUMNS.get(n)) else {
        next.ended_at = Some(now);
        save(a, &next, None)?;
        return Ok(next);
    };
    let after = pass.after_one.as_deref().map(|one| (one, pass.after_two));
    let found = values(a, *column, after, at_once)?;
    for value in &found {
        next.values_resealed += i64::from(reseal(a, *column, value)?);
    }
    next.rows_seen += found.len() as i64;
    match found.last() {
        Some(last) => (next.after_one, next.after_two) = (Some(last.one.clone()), last.two),
        None => (next.unit, next.after_one, next.after_two) = (pass.unit + 1, None, 0),
    }
    save(a, &next, Some(until))?;
    Ok(next)
}

/// How many values are sealed with another key than the one that seals now, whatever was said of the pass: all are
/// looked at, at most `at_once` in memory.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn not_resealed(a: &mut Access<'_>, at_once: i64) -> Result<i64, StoreError> {
    let key = Some(a.vault.seals_with());
    let mut older = 0;
    for column in COLUMNS {
        let mut after: Option<(String, i64)> = None;
        loop {
            let found = values(a, *column, after.as_ref().map(|(one, two)| (one.as_str(), *two)), at_once)?;
            older += found.iter().filter(|v| Vault::sealed_with(&v.sealed) != key).count() as i64;
            match found.last() {
                Some(last) => after = Some((last.one.clone(), last.two)),
                None => break,
            }
        }
    }
    Ok(older)
}

/// The sealed columns, as `table.column_sealed`.
#[must_use]
pub fn columns() -> Vec<String> {
    COLUMNS
        .iter()
        .map(|(table, column, _)| format!("{table}.{column}_sealed"))
        .collect()
}
