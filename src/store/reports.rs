//! Figures of days, as reports show them: kept in a table of their own, so that no report reads payments.

use super::connection::Conn;
use super::schema::{report_days as t, report_passes as p};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::{Currency, Durations};
use chrono::{Datelike as _, Months, NaiveDate};
use diesel::dsl::IntoBoxed;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// The name of the pass that counts days and adds up months.
pub(super) const PASS: &str = "figures";

/// What became of some payments, all of one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Payments with an order.
    pub payments: i64,
    /// The money moved.
    pub settled: i64,
    /// A part of the money moved.
    pub partly_settled: i64,
    /// Refused by the bank, or by the payer there.
    pub rejected: i64,
    /// Cancelled before execution.
    pub cancelled: i64,
    /// Stopped by a limit or a fraud rule.
    pub blocked: i64,
    /// Still in doubt.
    pub in_doubt: i64,
    /// Abandoned: the payer never opened the page.
    pub left_unopened: i64,
    /// Abandoned: opened, and not sent to a bank when it ended.
    pub left_on_page: i64,
    /// Abandoned: the bank waited for the payer.
    pub left_at_bank: i64,
    /// Tokens whose partner never sent an order; no payments.
    pub without_order: i64,
    /// The money that moved, in minor units.
    pub settled_minor: i64,
    /// From „Plătește” to the bank's word that all money moved, in seconds.
    pub settle_times: Durations,
    /// The sum of all orders, in minor units.
    pub ordered_minor: i64,
    /// The largest order, in minor units.
    pub largest_minor: i64,
    /// Payments with an order that the PSU has not approved: open ones, and those given up.
    pub unfinished: i64,
    /// Payments whose stored values cannot be read; counted nowhere else.
    pub unreadable: i64,
}

impl Figures {
    /// Adds those of other payments in the same currency.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.payments, other.payments),
            (&mut self.settled, other.settled),
            (&mut self.partly_settled, other.partly_settled),
            (&mut self.rejected, other.rejected),
            (&mut self.cancelled, other.cancelled),
            (&mut self.blocked, other.blocked),
            (&mut self.in_doubt, other.in_doubt),
            (&mut self.left_unopened, other.left_unopened),
            (&mut self.left_on_page, other.left_on_page),
            (&mut self.left_at_bank, other.left_at_bank),
            (&mut self.without_order, other.without_order),
            (&mut self.settled_minor, other.settled_minor),
            (&mut self.ordered_minor, other.ordered_minor),
            (&mut self.unfinished, other.unfinished),
            (&mut self.unreadable, other.unreadable),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
        self.largest_minor = self.largest_minor.max(other.largest_minor);
        self.settle_times.merge(&other.settle_times);
    }

    /// Given up by their payers, wherever.
    #[must_use]
    pub const fn abandoned(&self) -> i64 {
        self.left_unopened + self.left_on_page + self.left_at_bank
    }

    /// Payments that have ended, one way or another.
    #[must_use]
    pub const fn ended(&self) -> i64 {
        self.settled + self.partly_settled + self.rejected + self.cancelled + self.blocked + self.abandoned()
    }

    /// Payments that have not, those in doubt among them.
    #[must_use]
    pub const fn open(&self) -> i64 {
        self.payments - self.ended()
    }

    /// Of a thousand payments that have ended, so many were settled; `None` when none has ended.
    #[must_use]
    pub fn success_permille(&self) -> Option<i64> {
        let ended = self.ended();
        (ended > 0).then(|| (self.settled.saturating_mul(1000) + ended / 2) / ended)
    }
}

/// The figures of a day, of one partner at one bank in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFigures {
    /// The day where the payers are, on which the payments were created.
    pub day: NaiveDate,
    /// The partner's id.
    pub partner_id: String,
    /// The bank's code; empty where no bank was chosen.
    pub bank_code: String,
    /// The currency.
    pub currency: Currency,
    /// What became of them.
    pub figures: Figures,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
pub(super) struct Row {
    day: String,
    partner_id: String,
    bank_code: String,
    currency: String,
    payments: i64,
    settled: i64,
    partly_settled: i64,
    rejected: i64,
    cancelled: i64,
    blocked: i64,
    in_doubt: i64,
    left_unopened: i64,
    left_on_page: i64,
    left_at_bank: i64,
    without_order: i64,
    settled_minor: i64,
    settle_times: String,
    ordered_minor: i64,
    largest_minor: i64,
    unfinished: i64,
    unreadable: i64,
}

impl Row {
    /// `day`: the day, or what stands for a month.
    pub(super) fn of(day: &str, of: &DayFigures) -> Self {
        let f = &of.figures;
        Self {
            day: day.to_owned(),
            partner_id: of.partner_id.clone(),
            bank_code: of.bank_code.clone(),
            currency: of.currency.code().into(),
            payments: f.payments,
            settled: f.settled,
            partly_settled: f.partly_settled,
            rejected: f.rejected,
            cancelled: f.cancelled,
            blocked: f.blocked,
            in_doubt: f.in_doubt,
            left_unopened: f.left_unopened,
            left_on_page: f.left_on_page,
            left_at_bank: f.left_at_bank,
            without_order: f.without_order,
            settled_minor: f.settled_minor,
            settle_times: f.settle_times.to_string(),
            ordered_minor: f.ordered_minor,
            largest_minor: f.largest_minor,
            unfinished: f.unfinished,
            unreadable: f.unreadable,
        }
    }
}

impl TryFrom<Row> for DayFigures {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unreadable = |column| move || StoreError::Broken(format!("report_days.{column} is not readable"));
        let day = match row.day.strip_prefix(MONTH) {
            Some(month) => format!("{month}-01").parse(),
            None => row.day.parse(),
        };
        Ok(Self {
            day: day.map_err(|_| unreadable("day")())?,
            currency: Currency::from_code(&row.currency).ok_or_else(unreadable("currency"))?,
            figures: Figures {
                payments: row.payments,
                settled: row.settled,
                partly_settled: row.partly_settled,
                rejected: row.rejected,
                cancelled: row.cancelled,
                blocked: row.blocked,
                in_doubt: row.in_doubt,
                left_unopened: row.left_unopened,
                left_on_page: row.left_on_page,
                left_at_bank: row.left_at_bank,
                without_order: row.without_order,
                settled_minor: row.settled_minor,
                settle_times: Durations::parse(&row.settle_times).ok_or_else(unreadable("settle_times"))?,
                ordered_minor: row.ordered_minor,
                largest_minor: row.largest_minor,
                unfinished: row.unfinished,
                unreadable: row.unreadable,
            },
            partner_id: row.partner_id,
            bank_code: row.bank_code,
        })
    }
}

/// Which figures are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// One partner's only.
    pub partner_id: Option<String>,
    /// Those at one bank only.
    pub bank_code: Option<String>,
}

/// In the place of a partner's id or a bank's code: the sum over all of them. No id and no code is this.
pub(super) const ALL: &str = "*";
/// Before a year and month in the place of a day: the sum over the month. It stands behind every day.
pub(super) const MONTH: &str = "m";

/// What stands in the place of a day for the month that a day is in.
pub(super) fn month_of(day: NaiveDate) -> String {
    format!("{MONTH}{}", day.format("%Y-%m"))
}

type Rows = IntoBoxed<'static, t::table, <Conn as diesel::Connection>::Backend>;

/// Rows whose day, or month, is one of these.
fn within(from: &str, to: &str) -> Rows {
    t::table
        .filter(t::day.ge(from.to_owned()))
        .filter(t::day.le(to.to_owned()))
        .into_boxed()
}

/// The days of some time: its whole months, and the days before and after them.
#[derive(Debug, PartialEq, Eq)]
struct Split {
    months: Option<(NaiveDate, NaiveDate)>,
    days: Vec<(NaiveDate, NaiveDate)>,
}

impl Split {
    fn of(from: NaiveDate, to: NaiveDate) -> Self {
        let next_month = |day: NaiveDate| day.with_day(1)?.checked_add_months(Months::new(1));
        let begin = if from.day() == 1 { Some(from) } else { next_month(from) };
        // The first of the month that is not whole any more.
        let end = to.succ_opt().and_then(|after| after.with_day(1));
        match (begin, end) {
            (Some(begin), Some(end)) if begin < end => Self {
                months: end.pred_opt().map(|last| (begin, last)),
                days: [(Some(from), begin.pred_opt()), (Some(end), Some(to))]
                    .into_iter()
                    .filter_map(|(from, to)| from.zip(to))
                    .filter(|(from, to)| from <= to)
                    .collect(),
            },
            _ => Self {
                months: None,
                days: vec![(from, to)],
            },
        }
    }

    fn rows(&self) -> Vec<Rows> {
        let months = self.months.iter().map(|(from, to)| within(&month_of(*from), &month_of(*to)));
        let days = self.days.iter().map(|(from, to)| within(&from.to_string(), &to.to_string()));
        months.chain(days).collect()
    }
}

impl Wanted {
    fn days(&self) -> Rows {
        within(&self.from.to_string(), &self.to.to_string())
    }
}

/// Figures added up three ways.
#[derive(Clone, Debug)]
pub struct Sums {
    /// By day; partner and bank say nothing.
    pub days: Vec<DayFigures>,
    /// By partner; the day says nothing, and neither does the bank.
    pub partners: Vec<DayFigures>,
    /// By bank; the day says nothing, and neither does the partner.
    pub banks: Vec<DayFigures>,
}

/// The figures of a page: of all partners and banks from the sums that are kept, of months where those are whole, so
/// that a year of many partners is read as fast as a month.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn sums(a: &mut Access<'_>, wanted: &Wanted) -> Result<Sums, StoreError> {
    if wanted.partner_id.is_some() || wanted.bank_code.is_some() {
        let all = of_days(a, wanted)?;
        return Ok(Sums {
            days: all.clone(),
            partners: all.clone(),
            banks: all,
        });
    }
    let days = wanted.days().filter(t::partner_id.eq(ALL)).filter(t::bank_code.eq(ALL));
    let (mut partners, mut banks) = (Vec::new(), Vec::new());
    for rows in Split::of(wanted.from, wanted.to).rows() {
        partners.extend(read(a, rows.filter(t::bank_code.eq(ALL)).filter(t::partner_id.ne(ALL)))?);
    }
    for rows in Split::of(wanted.from, wanted.to).rows() {
        banks.extend(read(a, rows.filter(t::partner_id.eq(ALL)).filter(t::bank_code.ne(ALL)))?);
    }
    Ok(Sums {
        days: read(a, days.order(t::day))?,
        partners,
        banks,
    })
}

fn read(a: &mut Access<'_>, rows: Rows) -> Result<Vec<DayFigures>, StoreError> {
    let rows: Vec<Row> = rows.load(a.conn)?;
    rows.into_iter().map(DayFigures::try_from).collect()
}

/// Figures by day and partner, of all banks together.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_partners(a: &mut Access<'_>, from: NaiveDate, to: NaiveDate) -> Result<Vec<DayFigures>, StoreError> {
    let rows = within(&from.to_string(), &to.to_string());
    read(a, rows.filter(t::bank_code.eq(ALL)).filter(t::partner_id.ne(ALL)).order(t::day))
}

/// Figures by day, partner, bank and currency, in this order.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_days(a: &mut Access<'_>, wanted: &Wanted) -> Result<Vec<DayFigures>, StoreError> {
    let mut query = wanted.days().filter(t::partner_id.ne(ALL)).filter(t::bank_code.ne(ALL));
    if let Some(partner) = &wanted.partner_id {
        query = query.filter(t::partner_id.eq(partner.clone()));
    }
    if let Some(bank) = &wanted.bank_code {
        query = query.filter(t::bank_code.eq(bank.clone()));
    }
    read(a, query.order((t::day, t::partner_id, t::bank_code, t::currency)))
}

/// Up to which moment payments were counted; `None` before the first time.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn counted_until(a: &mut Access<'_>) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<Option<Timestamp>> = p::table
        .filter(p::name.eq(PASS))
        .select(p::counted_until)
        .first(a.conn)
        .optional()?;
    Ok(found.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_months_are_read_as_months() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let of = |from: &str, to: &str| {
            let split = Split::of(day(from), day(to));
            let show = |(from, to): (NaiveDate, NaiveDate)| format!("{from} {to}");
            (split.months.map(show), split.days.into_iter().map(show).collect::<Vec<_>>())
        };
        let months = |text: &str| Some(text.to_owned());
        for (from, to, expected) in [
            ("2026-03-05", "2026-03-20", (None, vec!["2026-03-05 2026-03-20"])),
            ("2026-03-05", "2026-04-20", (None, vec!["2026-03-05 2026-04-20"])),
            ("2026-03-05", "2026-03-31", (None, vec!["2026-03-05 2026-03-31"])),
            ("2026-03-01", "2026-03-31", (months("2026-03-01 2026-03-31"), vec![])),
            (
                "2026-02-01",
                "2026-03-01",
                (months("2026-02-01 2026-02-28"), vec!["2026-03-01 2026-03-01"]),
            ),
            (
                "2025-11-22",
                "2026-11-22",
                (
                    months("2025-12-01 2026-10-31"),
                    vec!["2025-11-22 2025-11-30", "2026-11-01 2026-11-22"],
                ),
            ),
            (
                "2026-01-31",
                "2026-03-31",
                (months("2026-02-01 2026-03-31"), vec!["2026-01-31 2026-01-31"]),
            ),
        ] {
            let expected = (expected.0, expected.1.into_iter().map(str::to_owned).collect());
            assert_eq!(of(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn success_is_counted_among_those_that_have_ended() {
        let mut figures = Figures {
            payments: 10,
            settled: 2,
            rejected: 1,
            left_on_page: 1,
            ..Figures::default()
        };
        assert_eq!((figures.success_permille(), figures.open(), figures.abandoned()), (Some(500), 6, 1));
        figures.add(&Figures {
            payments: 2,
            cancelled: 2,
            ..Figures::default()
        });
        assert_eq!((figures.success_permille(), figures.ended(), figures.open()), (Some(333), 6, 6));
        assert_eq!(Figures::default().success_permille(), None);
    }
}
