//! The end of personal data in payments: what is sealed is replaced by nothing; amounts, status, history and the
//! numbers by which partner and bank know the payment stay.

use super::schema::{
    consents as c, daily_jobs as j, erased_payments as e, outbox as o, payment_instructions as i, payments as t, retention_reports as r,
};
use super::{Access, StoreError, reconciliation_lines, search_keys, webhook_deliveries};
use crate::clock::Timestamp;
use crate::payment::{PaymentId, Status};
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// How much of a payment's personal data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// How the payer is reached and what was written to them: address, mails, the link, the session at the bank.
    Contact,
    /// That, and who paid whom for what: accounts, names, remittance information.
    All,
}

impl Scope {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::All => "all",
        }
    }

    /// The scope of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Contact, Self::All].into_iter().find(|s| s.as_str() == word)
    }
}

/// Why it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The law no longer asks for it.
    Retention,
    /// The payer asked (GDPR art. 17).
    Payer,
}

impl Because {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Payer => "payer",
        }
    }
}

/// What was erased with payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Payments.
    pub payments: i64,
    /// Mails of theirs.
    pub mails: i64,
    /// Consents given for them.
    pub consents: i64,
}

impl Erased {
    /// The sum.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            payments: self.payments + other.payments,
            mails: self.mails + other.mails,
            consents: self.consents + other.consents,
        }
    }
}

/// How much of a payment was erased before.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn scope_of(a: &mut Access<'_>, id: PaymentId) -> Result<Option<Scope>, StoreError> {
    let word: Option<String> = e::table.find(id.number()).select(e::scope).first(a.conn).optional()?;
    Ok(word.as_deref().and_then(Scope::parse))
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Erases the personal data of a payment that has ended. One that has not, or of which as much is gone already, is left
/// as it is.
///
/// # Errors
/// [`StoreError::Conflict`] while somebody acts on it.
pub fn erase(a: &mut Access<'_>, id: PaymentId, scope: Scope, because: Because, now: Timestamp) -> Result<Erased, StoreError> {
    let row: Option<(String, Option<Timestamp>)> = t::table
        .find(id.number())
        .select((t::status, t::lease_until))
        .first(a.conn)
        .optional()?;
    let Some((status, lease)) = row else { return Ok(Erased::default()) };
    let ended = Status::parse(&status).is_some_and(|s| s.is_final());
    let before = scope_of(a, id)?;
    if !ended || before >= Some(scope) {
        return Ok(Erased::default());
    }
    if lease.is_some_and(|until| until > now) {
        return Err(StoreError::Conflict);
    }
    erase_contact(a, id)?;
    let mut done = Erased {
        payments: 1,
        mails: erase_mails(a, id)?,
        consents: erase_consents(a, id)?,
    };
    webhook_deliveries::erase_answers(a, id)?;
    if scope == Scope::All {
        webhook_deliveries::erase_events(a, id)?;
        erase_order(a, id)?;
        reconciliation_lines::erase_of(a, id)?;
    }
    search_keys::forget(a, id)?;
    match before {
        Some(_) => {
            let set = (e::at.eq(now), e::scope.eq(scope.as_str()), e::because.eq(because.as_str()));
            diesel::update(e::table.find(id.number())).set(set).execute(a.conn)?;
            done.mails = 0;
        }
        None => {
            let row = (
                e::payment_id.eq(id.number()),
                e::at.eq(now),
                e::scope.eq(scope.as_str()),
                e::because.eq(because.as_str()),
            );
            diesel::insert_into(e::table).values(row).execute(a.conn)?;
        }
    }
    Ok(done)
}

fn erase_contact(a: &mut Access<'_>, id: PaymentId) -> Result<(), StoreError> {
    let nothing = None::<Vec<u8>>;
    let no_hash = None::<String>;
    let set = (
        t::psu_email_sealed.eq(&nothing),
        t::link_state_sealed.eq(&nothing),
        t::bank_session_sealed.eq(&nothing),
        t::psu_step_sealed.eq(&nothing),
        t::browser_hash.eq(&no_hash),
        t::callback_hash.eq(&no_hash),
        t::hand_over_hash.eq(&no_hash),
        // A writer that read it before must not write it back.
        t::version.eq(t::version + 1),
    );
    diesel::update(t::table.find(id.number())).set(set).execute(a.conn)?;
    Ok(())
}

fn erase_order(a: &mut Access<'_>, id: PaymentId) -> Result<(), StoreError> {
    let nothing = None::<Vec<u8>>;
    let no_text = None::<String>;
    let set = (
        t::psu_id_at_partner_sealed.eq(&nothing),
        t::debtor_iban_sealed.eq(&nothing),
        // What these were made from can be guessed and tried.
        t::request_hash.eq(&no_text),
        t::confirmed_hash.eq(&no_text),
        t::redirect_url.eq(&no_text),
    );
    diesel::update(t::table.find(id.number())).set(set).execute(a.conn)?;
    let empty = Vec::<u8>::new();
    let set = (
        i::creditor_name_sealed.eq(&empty),
        i::creditor_iban_sealed.eq(&empty),
        i::details_sealed.eq(&empty),
        i::giro_sealed.eq(&nothing),
        i::bank_text_sealed.eq(&nothing),
    );
    diesel::update(i::table.filter(i::payment_id.eq(id.number())))
        .set(set)
        .execute(a.conn)?;
    Ok(())
}

/// Mails that wait are not sent any more.
fn erase_mails(a: &mut Access<'_>, id: PaymentId) -> Result<i64, StoreError> {
    let own = o::table.filter(o::payment_id.eq(id.number()));
    let set = (
        o::payload_sealed.eq(Vec::<u8>::new()),
        o::due_at.eq(None::<Timestamp>),
        o::version.eq(o::version + 1),
    );
    Ok(count(diesel::update(own).set(set).execute(a.conn)?))
}

/// Consents that the payer gave us for this payment, to choose an account.
fn erase_consents(a: &mut Access<'_>, id: PaymentId) -> Result<i64, StoreError> {
    let own = c::table.filter(c::payment_id.eq(id.number())).filter(c::ended_at.is_not_null());
    let nothing = None::<Vec<u8>>;
    let set = (
        c::link_state_sealed.eq(&nothing),
        c::psu_id_at_partner_sealed.eq(&nothing),
        c::session_sealed.eq(&nothing),
        c::psu_step_sealed.eq(&nothing),
        c::page_sealed.eq(&nothing),
        c::browser_hash.eq(None::<String>),
        c::version.eq(c::version + 1),
    );
    Ok(count(diesel::update(own).set(set).execute(a.conn)?))
}

/// Payments that ended before a moment and hold personal data still, at most `limit`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn to_erase(a: &mut Access<'_>, ended_before: Timestamp, limit: i64) -> Result<Vec<PaymentId>, StoreError> {
    let gone = e::table.filter(e::scope.eq(Scope::All.as_str())).select(e::payment_id);
    let numbers: Vec<i64> = t::table
        .filter(t::ended_at.lt(ended_before))
        .filter(t::id.ne_all(gone))
        .order((t::ended_at, t::id))
        .limit(limit)
        .select(t::id)
        .load(a.conn)?;
    Ok(numbers.into_iter().filter_map(PaymentId::from_number).collect())
}

/// How many payments [`to_erase`] would answer in all.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count_to_erase(a: &mut Access<'_>, ended_before: Timestamp) -> Result<i64, StoreError> {
    let gone = e::table.filter(e::scope.eq(Scope::All.as_str())).select(e::payment_id);
    let due = t::table.filter(t::ended_at.lt(ended_before)).filter(t::id.ne_all(gone));
    Ok(due.count().get_result(a.conn)?)
}

/// What a run of the retention erased.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = r)]
pub struct Report {
    /// Its id (UUID).
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `clock`, a user's id or `cli`.
    pub actor: String,
    /// Onboarding files.
    pub partners: i64,
    /// Documents of theirs.
    pub documents: i64,
    /// Payments.
    pub payments: i64,
    /// Mails of theirs.
    pub mails: i64,
    /// Consents given for them.
    pub consents: i64,
    /// Applications that were refused, or never completed.
    pub applications: i64,
}

/// Keeps a report.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn add_report(a: &mut Access<'_>, report: &Report) -> Result<(), StoreError> {
    diesel::insert_into(r::table).values(report).execute(a.conn)?;
    Ok(())
}

/// The newest reports, at most 100.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn reports(a: &mut Access<'_>) -> Result<Vec<Report>, StoreError> {
    Ok(r::table.order((r::at.desc(), r::id.desc())).limit(100).load(a.conn)?)
}

/// The day on which a daily job last ran, as `YYYY-MM-DD`.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn last_day(a: &mut Access<'_>, job: &str) -> Result<Option<String>, StoreError> {
    Ok(j::table.find(job).select(j::day).first(a.conn).optional()?)
}

/// Takes a daily job for a day; `false` when another node has it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn take_day(a: &mut Access<'_>, job: &str, day: &str) -> Result<bool, StoreError> {
    let earlier = j::table.filter(j::name.eq(job)).filter(j::day.lt(day));
    if diesel::update(earlier).set(j::day.eq(day)).execute(a.conn)? == 1 {
        return Ok(true);
    }
    let row = (j::name.eq(job), j::day.eq(day));
    match a.try_insert("the day", |conn| diesel::insert_into(j::table).values(row).execute(conn)) {
        Err(StoreError::Taken(_)) => Ok(false),
        other => other.map(|()| true),
    }
}
