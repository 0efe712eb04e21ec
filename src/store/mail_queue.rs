//! The outbox as those see it who look after it: lists, and a message that is to be tried again at once.

use super::schema::outbox as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::PaymentId;
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use zeroize::Zeroizing;

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Waiting for their next try.
    Waiting,
    /// A server took them.
    Sent,
    /// No server will ever take them.
    GivenUp,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::GivenUp, Self::Sent];

    /// A word for addresses of pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }
}

/// A message of a list.
pub struct Listed {
    /// Its id.
    pub id: String,
    /// The payment it is about.
    pub payment: Option<PaymentId>,
    /// What it tells.
    pub kind: String,
    /// How often it was tried.
    pub attempts: i32,
    /// The next try.
    pub due_at: Option<Timestamp>,
    /// Why it was not taken; the server's words, which may name people.
    pub last_error: Option<String>,
    /// When a server took it.
    pub sent_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// The message as JSON; `None` when it does not open.
    pub payload: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed").field("id", &self.id).finish_non_exhaustive()
    }
}

type Columns = (
    String,
    Option<i64>,
    String,
    Vec<u8>,
    i32,
    Option<Timestamp>,
    Option<String>,
    Option<Timestamp>,
    Timestamp,
);

/// At most `limit` messages: waiting ones by their next try, others newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn list(a: &mut Access<'_>, standing: Standing, limit: i64) -> Result<Vec<Listed>, StoreError> {
    let query = t::table.into_boxed();
    let query = match standing {
        Standing::Waiting => query.filter(t::due_at.is_not_null()).order(t::due_at),
        Standing::Sent => query.filter(t::sent_at.is_not_null()).order(t::sent_at.desc()),
        Standing::GivenUp => query
            .filter(t::due_at.is_null())
            .filter(t::sent_at.is_null())
            .order(t::created_at.desc()),
    };
    let rows: Vec<Columns> = query
        .limit(limit)
        .select((
            t::id,
            t::payment_id,
            t::kind,
            t::payload_sealed,
            t::attempts,
            t::due_at,
            t::last_error,
            t::sent_at,
            t::created_at,
        ))
        .load(a.conn)?;
    let listed = |row: Columns| {
        let (id, payment_id, kind, sealed, attempts, due_at, last_error, sent_at, created_at) = row;
        Listed {
            payload: a.open("outbox", "payload", &id, &sealed).ok(),
            payment: payment_id.and_then(PaymentId::from_number),
            id,
            kind,
            attempts,
            due_at,
            last_error,
            sent_at,
            created_at,
        }
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// How many wait and how many were given up.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn counts(a: &mut Access<'_>) -> Result<(i64, i64), StoreError> {
    let waiting = t::table.filter(t::due_at.is_not_null()).count().get_result(a.conn)?;
    let given_up = t::table
        .filter(t::due_at.is_null())
        .filter(t::sent_at.is_null())
        .count()
        .get_result(a.conn)?;
    Ok((waiting, given_up))
}

/// How many wait whose last try failed.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn failing(a: &mut Access<'_>) -> Result<i64, StoreError> {
    let failing = t::table.filter(t::due_at.is_not_null()).filter(t::last_error.is_not_null());
    Ok(failing.count().get_result(a.conn)?)
}

/// What came of asking for another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is due now.
    Due,
    /// It is being sent, or will be tried within moments.
    Soon,
    /// A server has it already.
    Sent,
    /// There is no such message.
    Unknown,
}

/// A message that is to be sent once more.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its id.
    pub id: &'a str,
    /// It must be about this payment, where one is named.
    pub payment: Option<PaymentId>,
    /// Also when a server has it already.
    pub even_if_sent: bool,
}

/// Makes a message due now that rests, or whose next try is later than `not_taken_before`: a message due earlier may
/// be in a sender's hands, and would be sent twice. Answers its kind, too.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn try_again(
    a: &mut Access<'_>,
    wanted: Wanted<'_>,
    now: Timestamp,
    not_taken_before: Timestamp,
) -> Result<(Again, String), StoreError> {
    let mut query = t::table
        .filter(t::id.eq(wanted.id.to_owned()))
        // One that was erased has nothing to send.
        .filter(t::payload_sealed.ne(Vec::<u8>::new()))
        .select((t::version, t::due_at, t::sent_at, t::kind))
        .into_boxed();
    if let Some(payment) = wanted.payment {
        query = query.filter(t::payment_id.eq(payment.number()));
    }
    let found: Vec<(i64, Option<Timestamp>, Option<Timestamp>, String)> = query.load(a.conn)?;
    let Some((version, due_at, sent_at, kind)) = found.into_iter().next() else {
        return Ok((Again::Unknown, String::new()));
    };
    if due_at.is_some_and(|due| due <= not_taken_before) {
        return Ok((Again::Soon, kind));
    }
    if sent_at.is_some() && !wanted.even_if_sent {
        return Ok((Again::Sent, kind));
    }
    let mine = t::table.filter(t::id.eq(wanted.id)).filter(t::version.eq(version));
    let changed = diesel::update(mine)
        .set((t::due_at.eq(now), t::version.eq(version + 1)))
        .execute(a.conn)?;
    Ok((if changed == 1 { Again::Due } else { Again::Soon }, kind))
}
