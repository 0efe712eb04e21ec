//! The daily report by mail: once a day, after the day before was counted, on one node, to every user of the back
//! office who asked for it. Days that were missed while nothing ran are made up for, the last seven of them.

use super::count_days::{begin_of, day_of};
use super::{Context, FieldProblem, FlowError};
use crate::clock::Timestamp;
use crate::mail::daily_report::{DailyReport, DayTotals, render_daily_report};
use crate::mail::{OutgoingMail, is_mailbox};
use crate::payment::{Amount, Currency, Language, Status};
use crate::store::outbox::{self, NewMessage};
use crate::store::report_readers::{self, Reader};
use crate::store::reports::{self, DayFigures, Figures, Wanted};
use crate::store::{Access, StoreError, audit, erasure, mail_queue, partner_certificates, partners, payment_search};
use chrono::{Days, Duration, NaiveDate, Timelike as _};
use std::collections::BTreeMap;

/// The job's name among those that run once a day.
const DAILY: &str = "daily_report";
/// Missed days that are made up for.
const MISSED: u64 = 7;
/// Partners and banks that are named.
const TOP: usize = 5;
/// Payments in doubt are counted so far.
const COUNTED: i64 = 10_000;
/// Days before its end from which a certificate is named.
const ENDING: i64 = 60;
/// The word for it in the outbox and among previews.
pub(super) const KIND: &str = "daily_report";

/// What is read for a report.
struct Read {
    figures: Vec<DayFigures>,
    partners: BTreeMap<String, String>,
    in_doubt: i64,
    mails_failing: i64,
    mails_given_up: i64,
    certificates: Vec<(String, NaiveDate)>,
}

fn read(a: &mut Access<'_>, day: NaiveDate, now: Timestamp) -> Result<Read, StoreError> {
    let wanted = Wanted {
        from: day,
        to: day,
        partner_id: None,
        bank_code: None,
    };
    let counts = payment_search::counts(a, COUNTED)?;
    let ending = partner_certificates::ending(a, now + Duration::days(ENDING))?;
    Ok(Read {
        figures: reports::of_days(a, &wanted)?,
        partners: partners::list(a)?.into_iter().map(|p| (p.id, p.name)).collect(),
        in_doubt: counts.iter().find(|(s, _)| *s == Status::InDoubt).map_or(0, |(_, n)| *n),
        mails_failing: mail_queue::failing(a)?,
        mails_given_up: mail_queue::counts(a)?.1,
        certificates: ending.into_iter().map(|(c, name)| (name, day_of(c.not_after))).collect(),
    })
}

/// Figures of several currencies.
#[derive(Default)]
struct Sum {
    figures: Figures,
    volume: BTreeMap<&'static str, (Currency, i64)>,
}

impl Sum {
    fn add(&mut self, one: &DayFigures) {
        self.figures.add(&one.figures);
        if one.figures.settled_minor > 0 {
            let volume = self.volume.entry(one.currency.code()).or_insert((one.currency, 0));
            volume.1 = volume.1.saturating_add(one.figures.settled_minor);
        }
    }

    fn totals(&self) -> DayTotals {
        let f = &self.figures;
        DayTotals {
            payments: f.payments,
            settled: f.settled,
            partly_settled: f.partly_settled,
            success_permille: f.success_permille(),
            refused: f.rejected,
            abandoned: f.abandoned(),
            stopped: f.blocked + f.cancelled,
            open: f.open(),
            unreadable: f.unreadable,
            volume: self
                .volume
                .values()
                .map(|(currency, minor)| Amount {
                    minor: *minor,
                    currency: *currency,
                })
                .collect(),
        }
    }
}

/// Those with the most payments first.
fn top(sums: BTreeMap<&str, Sum>) -> Vec<(String, DayTotals)> {
    let mut all: Vec<(String, DayTotals)> = sums.into_iter().map(|(of, sum)| (of.to_owned(), sum.totals())).collect();
    all.retain(|(_, totals)| totals.payments > 0);
    all.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.payments));
    all.truncate(TOP);
    all
}

fn address_of(cx: &Context, path: &str) -> String {
    cx.rules.base_url.join(path).map(Into::into).unwrap_or_default()
}

fn report(cx: &Context, read: &Read, day: NaiveDate, language: Language) -> DailyReport {
    let (mut all, mut by_partner, mut by_bank) = (Sum::default(), BTreeMap::<&str, Sum>::new(), BTreeMap::<&str, Sum>::new());
    for one in &read.figures {
        all.add(one);
        by_partner.entry(&one.partner_id).or_default().add(one);
        by_bank.entry(&one.bank_code).or_default().add(one);
    }
    let partner = |(id, totals): (String, DayTotals)| (read.partners.get(&id).cloned().unwrap_or(id), totals);
    let bank = |(code, totals): (String, DayTotals)| {
        let name = (!code.is_empty()).then(|| cx.banks.get(&code).map_or(code, |bank| bank.name.clone()));
        (name, totals)
    };
    DailyReport {
        language,
        operator: cx.rules.office.operator.clone(),
        day,
        totals: all.totals(),
        partners: top(by_partner).into_iter().map(partner).collect(),
        banks: top(by_bank).into_iter().map(bank).collect(),
        in_doubt: read.in_doubt,
        in_doubt_link: address_of(cx, "back-office?status=in_doubt"),
        mails_failing: read.mails_failing,
        mails_given_up: read.mails_given_up,
        mails_link: address_of(cx, "back-office/mail"),
        certificates: read.certificates.clone(),
    }
}

/// A report with sample data, for the preview.
pub(super) fn sample(cx: &Context, language: Language) -> DailyReport {
    let totals = DayTotals {
        payments: 120,
        settled: 96,
        success_permille: Some(857),
        refused: 9,
        abandoned: 7,
        stopped: 0,
        open: 8,
        volume: vec![Amount {
            minor: 12_345,
            currency: Currency::Ron,
        }],
        ..DayTotals::default()
    };
    let day = day_of(cx.now());
    DailyReport {
        language,
        operator: cx.rules.office.operator.clone(),
        day: day.pred_opt().unwrap_or(day),
        partners: vec![("Librăria Exemplu".into(), totals.clone())],
        banks: vec![(Some("Banca Exemplu".into()), totals.clone())],
        totals,
        in_doubt: 1,
        in_doubt_link: address_of(cx, "back-office?status=in_doubt"),
        mails_failing: 0,
        mails_given_up: 0,
        mails_link: address_of(cx, "back-office/mail"),
        certificates: vec![("Librăria Exemplu".into(), day)],
    }
}

/// Stores the report of every day that is due for every reader; answers how many mails.
///
/// # Errors
/// [`FlowError`] of the database; what was not stored is due still.
pub async fn send_due(cx: &Context) -> Result<usize, FlowError> {
    let now = cx.now();
    let local = now.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    if local.hour() < cx.rules.office.report_hour {
        return Ok(0);
    }
    let today = local.date_naive();
    let Some(yesterday) = today.pred_opt() else { return Ok(0) };
    let (last, counted) = cx
        .db
        .read(|a| Ok((erasure::last_day(a, DAILY)?, reports::counted_until(a)?)))
        .await?;
    let last: Option<NaiveDate> = last.and_then(|day| day.parse().ok());
    let oldest = today.checked_sub_days(Days::new(MISSED)).unwrap_or(yesterday);
    let first = last.map_or(yesterday, |last| last.succ_opt().unwrap_or(yesterday).max(oldest));
    // What came after midnight must not be missed of the day before.
    if first > yesterday || counted.is_none_or(|counted| counted < begin_of(today)) {
        return Ok(0);
    }
    let mut stored = 0;
    for day in first.iter_days().take_while(|day| *day <= yesterday) {
        stored += send(cx, day, now).await?;
    }
    Ok(stored)
}

/// Stores the reports of a day, unless another node did.
async fn send(cx: &Context, day: NaiveDate, now: Timestamp) -> Result<usize, FlowError> {
    let found = cx.db.read(move |a| Ok((read(a, day, now)?, report_readers::all(a)?)));
    let (read, readers) = found.await?;
    let message = |reader: Reader| message(cx, &read, day, reader, now);
    let messages: Vec<NewMessage> = readers.into_iter().map(message).collect::<Result<_, _>>()?;
    let count = messages.len();
    let taken = cx.db.write(move |a| {
        if !erasure::take_day(a, DAILY, &day.to_string())? {
            return Ok(false);
        }
        messages.iter().try_for_each(|message| outbox::add_about(a, None, message, now))?;
        Ok(true)
    });
    Ok(if taken.await? { count } else { 0 })
}

fn message(cx: &Context, read: &Read, day: NaiveDate, reader: Reader, now: Timestamp) -> Result<NewMessage, FlowError> {
    let report = report(cx, read, day, reader.language);
    let rendered = render_daily_report(&report).map_err(|e| FlowError::Internal(format!("daily report: {e}")))?;
    let message_id = format!("daily-report.{day}.{}@{}", reader.admin_id, cx.rules.mail_domain);
    let outgoing = OutgoingMail {
        message_id: message_id.clone(),
        from: cx.rules.mail_from.clone(),
        to: reader.address,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        date: now,
    };
    Ok(NewMessage {
        kind: KIND,
        message_id,
        payload: serde_json::to_string(&outgoing)?,
    })
}

/// Sends a user the report from now on, or no longer.
///
/// # Errors
/// [`FlowError::Invalid`] when the address is none; [`FlowError::Internal`] of the database.
pub async fn choose(cx: &Context, admin_id: &str, wanted: bool, address: &str) -> Result<(), FlowError> {
    let address = address.trim().to_owned();
    if wanted && !(address.len() <= 254 && is_mailbox(&address) && !address.contains('<')) {
        let problem = FieldProblem::new("address", "NOT_AN_ADDRESS", "an e-mail address");
        return Err(FlowError::Invalid(vec![problem]));
    }
    let (admin, now) = (admin_id.to_owned(), cx.now());
    let chosen = cx.db.write(move |a| {
        report_readers::set(a, &admin, wanted.then_some(address.as_str()), now)?;
        let action = if wanted { "daily_report_on" } else { "daily_report_off" };
        audit::add(a, now, &admin, action, None, None)
    });
    Ok(chosen.await?)
}
