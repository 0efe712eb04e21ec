//! The comparison: the file is read on a thread of its own and comes in pieces; each piece is compared and written
//! before the next is taken, so that neither the file's entries nor the payments are in memory at once.

use super::super::count_days::{begin_of, day_of};
use super::super::{Context, FlowError, after};
use crate::payment::PaymentId;
use crate::statement::matching::{Comparison, Known, Named, Open, in_window, words};
use crate::statement::{Covered, Entry, Format, Unreadable, Why, camt, csv_file, decode};
use crate::store::StoreError;
use crate::store::reconciliation_book::{self as book, Booked, Names};
use crate::store::reconciliation_lines::{self as lines, Line};
use crate::store::reconciliations::{self, Direction, End, Reconciliation};
use chrono::{Days, NaiveDate};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a worker may be silent before another begins anew.
const LEASE: Duration = Duration::from_secs(120);
/// Entries of one piece.
const PIECE: usize = 200;
/// Payments read at a time.
const PAGE: i64 = 2000;
/// Days around a statement in which its payments were settled.
const AROUND: Days = Days::new(6);

/// Compares one statement, if one is due; whether there was one.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn compare_one(cx: &Context) -> Result<bool, FlowError> {
    let now = cx.now();
    let Some(due) = cx.db.read(move |a| reconciliations::next_due(a, now)).await? else {
        return Ok(false);
    };
    let until = after(now, LEASE);
    let Some(job) = cx.db.write(move |a| reconciliations::claim(a, due, until)).await? else {
        return Ok(true);
    };
    let mut work = Work {
        cx,
        job,
        comparison: Comparison::default(),
        done: 0,
        left_out: 0,
    };
    let end = match work.compare().await {
        Ok(end) => end,
        // Another worker has it now, or will begin anew.
        Err(FlowError::Busy) => return Ok(true),
        Err(error) => {
            tracing::error!(statement = work.job.id, %error, "a statement could not be compared");
            End::Failed(Unreadable::new(Why::Stopped, 1, ""))
        }
    };
    let (job, now) = (work.job, cx.now());
    match cx.db.write(move |a| reconciliations::finish(a, &job, &end, now)).await {
        Ok(()) | Err(StoreError::Conflict) => Ok(true),
        Err(other) => Err(other.into()),
    }
}

struct Work<'a> {
    cx: &'a Context,
    job: Reconciliation,
    comparison: Comparison,
    done: i64,
    left_out: i64,
}

/// Reads the file and sends it in pieces.
fn read(job: &Reconciliation, file: &[u8], pieces: &mpsc::Sender<Vec<Entry>>) -> Result<Covered, Unreadable> {
    let text = decode(file)?;
    let stopped = || Unreadable::new(Why::Stopped, 1, "");
    let mut piece = Vec::with_capacity(PIECE);
    let mut take = |entry: Entry| {
        piece.push(entry);
        if piece.len() >= PIECE {
            pieces.blocking_send(std::mem::take(&mut piece)).map_err(|_| stopped())?;
        }
        Ok(())
    };
    let own = job.account.as_deref();
    let covered = match (job.format, &job.columns) {
        (Format::Camt, _) => camt::read(&text, own, &mut take)?,
        (Format::Csv, Some(columns)) => csv_file::read(&text, columns, own, &mut take)?,
        (Format::Csv, None) => return Err(Unreadable::new(Why::Columns, 1, "")),
    };
    pieces.blocking_send(piece).map_err(|_| stopped())?;
    Ok(covered)
}

/// What the entries may name.
fn names(entries: &[Entry]) -> Names {
    let mut end_to_end: HashSet<String> = entries.iter().filter_map(|entry| entry.end_to_end_id.clone()).collect();
    let words: HashSet<String> = entries.iter().flat_map(words).collect();
    end_to_end.extend(words.iter().cloned());
    let number = |word: &String| PaymentId::parse(word).map(PaymentId::number);
    Names {
        numbers: words.iter().filter_map(number).collect(),
        end_to_end: end_to_end.into_iter().collect(),
        external: words.into_iter().collect(),
    }
}

/// The instructions by what names them.
#[derive(Default)]
struct Book<'a> {
    end_to_end: HashMap<&'a str, Vec<&'a Booked>>,
    numbers: HashMap<String, Vec<&'a Booked>>,
    external: HashMap<&'a str, Vec<&'a Booked>>,
}

impl<'a> Book<'a> {
    fn of(all: &'a [Booked]) -> Self {
        let mut book = Self::default();
        for one in all {
            book.end_to_end.entry(&one.end_to_end_id).or_default().push(one);
            let number = PaymentId::from_number(one.instruction.0).map(|id| id.to_string());
            book.numbers.entry(number.unwrap_or_default()).or_default().push(one);
            if let Some(external) = &one.external_id {
                book.external.entry(external).or_default().push(one);
            }
        }
        book
    }

    fn named(&self, entry: &Entry) -> Vec<Known> {
        let mut known = Vec::new();
        let mut add = |found: Option<&Vec<&Booked>>, named: Named, name: &str| {
            known.extend(found.into_iter().flatten().map(|one| Known {
                instruction: one.instruction,
                minor: one.minor,
                currency: one.currency.clone(),
                standing: one.standing,
                named,
                name_length: name.chars().count(),
            }));
        };
        if let Some(id) = &entry.end_to_end_id {
            add(self.end_to_end.get(id.as_str()), Named::EndToEnd, id);
        }
        for word in words(entry) {
            add(self.end_to_end.get(word.as_str()), Named::EndToEnd, &word);
            add(self.numbers.get(&word), Named::Number, &word);
            add(self.external.get(word.as_str()), Named::External, &word);
        }
        known.sort_by_key(|k| (k.named, k.instruction));
        known.dedup_by_key(|k| (k.named, k.instruction));
        known
    }
}

impl Work<'_> {
    async fn compare(&mut self) -> Result<End, FlowError> {
        let id = self.job.id.clone();
        let file = self.cx.db.read(move |a| reconciliations::file(a, &id)).await?;
        let (sender, mut pieces) = mpsc::channel(2);
        let job = self.job.clone();
        let reading = tokio::task::spawn_blocking(move || read(&job, &file, &sender));
        while let Some(piece) = pieces.recv().await {
            self.piece(piece).await?;
        }
        let covered = match reading.await.map_err(|e| FlowError::Internal(e.to_string()))? {
            Ok(covered) => covered,
            Err(unreadable) => return Ok(End::Failed(unreadable)),
        };
        let Some(days) = covered.from.zip(covered.to) else {
            return Ok(End::Failed(Unreadable::new(Why::Empty, 1, "")));
        };
        self.left_out += i64::try_from(covered.not_booked).unwrap_or(i64::MAX);
        let unnamed = self.unnamed(days).await?;
        self.pair(&unnamed).await?;
        self.missing(&unnamed, days, &covered).await?;
        Ok(End::Ready {
            totals: std::mem::take(&mut self.comparison).totals(),
            days,
            left_out: self.left_out,
        })
    }

    /// Writes lines, if this worker still has the job.
    async fn write(&self, some: Vec<Line>) -> Result<(), FlowError> {
        let (job, done, until) = (self.job.clone(), self.done, after(self.cx.now(), LEASE));
        let written = self.cx.db.write(move |a| {
            reconciliations::progress(a, &job, done, until)?;
            lines::add(a, &job.id, &some)
        });
        Ok(written.await?)
    }

    async fn piece(&mut self, entries: Vec<Entry>) -> Result<(), FlowError> {
        let before = entries.len();
        let direction = self.job.direction;
        let entries: Vec<Entry> = entries.into_iter().filter(|entry| direction.takes(entry.is_credit)).collect();
        self.left_out += i64::try_from(before - entries.len()).unwrap_or(i64::MAX);
        let (names, partner) = (names(&entries), self.job.partner_id.clone());
        let found = self.cx.db.read(move |a| book::named(a, partner.as_deref(), &names)).await?;
        let book = Book::of(&found);
        let mut some = Vec::with_capacity(entries.len());
        for entry in entries {
            let (seq, decision) = self.comparison.take(&entry, &book.named(&entry));
            self.done += 1;
            some.push(Line {
                seq,
                finding: decision.finding,
                of: decision.of,
                day: entry.booked,
                minor: entry.minor,
                currency: entry.currency.clone(),
                entry: Some(entry),
            });
        }
        self.write(some).await
    }

    /// Settled instructions around the days of the statement that no entry names, each with the day it was settled.
    async fn unnamed(&self, (from, to): (NaiveDate, NaiveDate)) -> Result<Vec<(Booked, NaiveDate)>, FlowError> {
        let first = from.checked_sub_days(AROUND).unwrap_or(from);
        let end = begin_of(to.checked_add_days(AROUND).unwrap_or(to));
        let mut place = (begin_of(first), i64::MIN);
        let mut all = Vec::new();
        loop {
            let partner = self.job.partner_id.clone();
            let read = move |a: &mut crate::store::Access<'_>| book::settled(a, partner.as_deref(), place, end, PAGE);
            let (some, last) = self.cx.db.read(read).await?;
            let with_day = |one: Booked| Some((one.ended_at.map(day_of)?, one));
            let unnamed = some
                .into_iter()
                .filter(|one| !self.comparison.has(one.instruction))
                .filter_map(with_day);
            all.extend(unnamed.map(|(day, one)| (one, day)));
            match last {
                Some(last) => place = last,
                None => return Ok(all),
            }
        }
    }

    /// The creditors' accounts of some instructions.
    async fn accounts(&self, of: Vec<(i64, i32)>) -> Result<HashMap<(i64, i32), String>, FlowError> {
        let mut all = HashMap::new();
        for some in of.chunks(PIECE) {
            let some = some.to_vec();
            let read = self.cx.db.read(move |a| {
                let account = |one| Ok(book::creditor_iban(a, one)?.map(|iban| (one, iban)));
                some.into_iter().map(account).collect::<Result<Vec<_>, StoreError>>()
            });
            all.extend(read.await?.into_iter().flatten());
        }
        Ok(all)
    }

    /// Finds the payments of entries that name none, where only one fits.
    async fn pair(&mut self, unnamed: &[(Booked, NaiveDate)]) -> Result<(), FlowError> {
        let wanted = self.comparison.amounts_left();
        let fitting = unnamed
            .iter()
            .filter(|(one, _)| wanted.contains(&(one.minor, one.currency.clone())));
        let fitting: Vec<&(Booked, NaiveDate)> = fitting.collect();
        let accounts = self.accounts(fitting.iter().map(|(one, _)| one.instruction).collect()).await?;
        let open = |(one, settled): &&(Booked, NaiveDate)| {
            Some(Open {
                instruction: one.instruction,
                minor: one.minor,
                currency: one.currency.clone(),
                settled: *settled,
                iban: accounts.get(&one.instruction)?.clone(),
            })
        };
        let open: Vec<Open> = fitting.iter().filter_map(open).collect();
        let pairs = self.comparison.pair(&open);
        let (job, done, until) = (self.job.clone(), self.done, after(self.cx.now(), LEASE));
        let written = self.cx.db.write(move |a| {
            reconciliations::progress(a, &job, done, until)?;
            lines::pair(a, &job.id, &pairs)
        });
        Ok(written.await?)
    }

    /// Writes the payments settled on the days of the statement that no entry is about. Of a statement of incoming
    /// money whose account is known, only those to this account.
    async fn missing(
        &mut self,
        unnamed: &[(Booked, NaiveDate)],
        (from, to): (NaiveDate, NaiveDate),
        covered: &Covered,
    ) -> Result<(), FlowError> {
        let is_due = |(one, day): &&(Booked, NaiveDate)| (from..=to).contains(day) && !self.comparison.has(one.instruction);
        let due: Vec<&(Booked, NaiveDate)> = unnamed.iter().filter(is_due).collect();
        let by_account = self.job.direction == Direction::Incoming && !covered.accounts.is_empty();
        let accounts = if by_account {
            self.accounts(due.iter().map(|(one, _)| one.instruction).collect()).await?
        } else {
            HashMap::new()
        };
        let is_ours = |one: &Booked| !by_account || accounts.get(&one.instruction).is_some_and(|iban| covered.accounts.contains(iban));
        let mut some = Vec::new();
        for (one, day) in due.into_iter().filter(|(one, _)| is_ours(one)) {
            some.push(Line {
                seq: self.comparison.miss(one.minor, &one.currency),
                finding: crate::statement::matching::Finding::Missing,
                of: Some(one.instruction),
                day: *day,
                minor: one.minor,
                currency: one.currency.clone(),
                entry: None,
            });
        }
        while !some.is_empty() {
            let rest = some.split_off(some.len().min(PIECE));
            self.write(std::mem::replace(&mut some, rest)).await?;
        }
        Ok(())
    }
}

/// Whether a payment that is missing may stand in the next statement: it was settled at the end of this one.
#[must_use]
pub fn may_come_later(settled: NaiveDate, last: NaiveDate) -> bool {
    last.checked_add_days(Days::new(1)).is_some_and(|next| in_window(settled, next))
}
