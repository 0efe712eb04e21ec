//! The messages to payers: what became of a payment, in words that promise nothing the bank did not say.
//!
//! Every text that comes from a partner, a payer or a bank is treated as hostile: control characters and
//! disguises are removed, lengths are capped, and HTML is escaped by the templates.

use super::one_line;
use crate::clock::Timestamp;
use crate::payment::refusal::Why;
use crate::payment::{Amount, InstructionOutcome, Language, Schedule};
use askama::Template;
use chrono::{Datelike, TimeZone, Timelike};
use std::collections::HashSet;
use std::fmt;

/// What the mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// The money left the payer's account.
    Settled,
    /// The bank, or the payer at the bank, refused.
    Refused,
    /// Several payments, of which the bank made some.
    PartlySettled,
    /// Cancelled before it was carried out.
    Cancelled,
    /// Accepted by the bank; settlement takes long.
    OnItsWay,
    /// Nobody knows yet whether the money moved.
    InDoubt,
    /// We said earlier that it had ended unpaid; the bank now says that it was paid.
    Corrected,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Settled,
        Self::PartlySettled,
        Self::Refused,
        Self::Cancelled,
        Self::OnItsWay,
        Self::InDoubt,
        Self::Corrected,
    ];

    /// A word for message ids and counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::PartlySettled => "partly_settled",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::OnItsWay => "on_its_way",
            Self::InDoubt => "in_doubt",
            Self::Corrected => "corrected",
        }
    }
}

/// Who refused, as far as the bank told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonWord {
    /// The payer, at the bank.
    PsuDeclined,
    /// The bank.
    BankDeclined,
    /// Taken back before it was carried out.
    Withdrawn,
    /// Too many wrong one-time codes.
    WrongCodes,
    /// The bank, asked by a person, said that it was not carried out.
    NotExecuted,
    /// The bank, and why and what to do, in the mail's language.
    Because(Why),
    /// The bank did not say.
    Unknown,
}

/// One credit transfer of the payment.
#[derive(Clone)]
pub struct MailLine {
    /// Who receives the money.
    pub creditor_name: String,
    /// The receiving account, masked.
    pub creditor_iban_masked: String,
    /// How much.
    pub amount: Amount,
    /// Remittance information as the payer saw it.
    pub details: String,
    /// How it ended, where that is not the same for all.
    pub outcome: Option<InstructionOutcome>,
}

/// Everything a payment mail says.
#[derive(Clone)]
pub struct PaymentMail {
    /// What it tells.
    pub kind: MailKind,
    /// Its language.
    pub language: Language,
    /// Where the payer was paying from: the shop or application.
    pub partner_name: String,
    /// The credit transfers; the mail lists the first [`MAX_LINES`].
    pub instructions: Vec<MailLine>,
    /// Sum of the transfers.
    pub total: Amount,
    /// For a standing order: when it is carried out. Its mails promise no more than that the bank took it.
    pub schedule: Option<Schedule>,
    /// The payer's account, masked, when known.
    pub debtor_iban_masked: Option<String>,
    /// The payer's bank.
    pub bank_name: String,
    /// Our payment id.
    pub reference: String,
    /// The bank's id of the payment, when it gave one.
    pub bank_reference: Option<String>,
    /// Who refused or cancelled, for the mails that tell so.
    pub reason: Option<ReasonWord>,
    /// When it happened (UTC; shown in Romanian time).
    pub at: Timestamp,
    /// Where people can reach us: an address or a telephone number.
    pub support_contact: Option<String>,
}

impl fmt::Debug for PaymentMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentMail")
            .field("kind", &self.kind)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MailLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailLine").finish_non_exhaustive()
    }
}

/// A message in its three forms.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// A complete HTML document without links, images or scripts.
    pub html: String,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").finish_non_exhaustive()
    }
}

/// Most credit transfers a mail lists; the rest are counted.
pub const MAX_LINES: usize = 50;
/// Longest text taken over from outside, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// Writes the message.
///
/// # Errors
/// [`askama::Error`] cannot happen with these templates; it is passed on instead of hidden.
pub fn render(mail: &PaymentMail) -> Result<Rendered, askama::Error> {
    let mail = &View::new(mail);
    Ok(Rendered {
        subject: one_line(&Subject { mail }.render()?),
        text: tidy(&Text { mail }.render()?),
        html: Html { mail }.render()?,
    })
}

/// What the templates read: every text cleaned, every number written out.
struct View {
    kind: MailKind,
    reason: ReasonWord,
    ro: bool,
    partner: String,
    payee: String,
    lines: Vec<LineView>,
    more: String,
    /// How many were made and how many not, with their sums.
    counts: Vec<String>,
    total: String,
    schedule: Option<ScheduleView>,
    debtor: Option<String>,
    bank: String,
    reference: String,
    bank_reference: Option<String>,
    at: String,
    contact: Option<String>,
}

struct LineView {
    creditor: String,
    iban: String,
    amount: String,
    details: String,
    state: Option<&'static str>,
}

struct ScheduleView {
    first_day: String,
    how_often: String,
}

#[derive(Template)]
#[template(path = "mail/subject.txt")]
struct Subject<'a> {
    mail: &'a View,
}

#[derive(Template)]
#[template(path = "mail/body.txt")]
struct Text<'a> {
    mail: &'a View,
}

#[derive(Template)]
#[template(path = "mail/body.html")]
struct Html<'a> {
    mail: &'a View,
}

impl View {
    fn new(mail: &PaymentMail) -> Self {
        let ro = mail.language == Language::Ro;
        let language = mail.language;
        let mut in_order: Vec<&MailLine> = mail.instructions.iter().collect();
        // What was not made must not be cut off.
        in_order.sort_by_key(|line| line.outcome == Some(InstructionOutcome::Made));
        let lines: Vec<LineView> = in_order
            .into_iter()
            .take(MAX_LINES)
            .map(|line| LineView::new(line, language))
            .collect();
        let hidden = mail.instructions.len() - lines.len();
        Self {
            kind: mail.kind,
            reason: mail.reason.unwrap_or(ReasonWord::Unknown),
            ro,
            partner: clean(&mail.partner_name),
            payee: payee(mail),
            more: if hidden == 0 {
                String::new()
            } else {
                language.counted(hidden, ["plată", "plăți"], ["more payment", "more payments"])
            },
            counts: counts(mail),
            schedule: mail.schedule.map(|s| ScheduleView {
                first_day: s.first_day(language),
                how_often: s.how_often(language),
            }),
            lines,
            total: money(mail.total, mail.language),
            debtor: mail.debtor_iban_masked.as_deref().map(clean),
            bank: clean(&mail.bank_name),
            reference: clean(&mail.reference),
            bank_reference: mail.bank_reference.as_deref().map(clean).filter(|r| !r.is_empty()),
            at: when(mail.at, mail.language),
            contact: mail.support_contact.as_deref().map(clean).filter(|c| !c.is_empty()),
        }
    }
}

impl View {
    /// A word in the mail's language.
    const fn word(&self, ro: &'static str, en: &'static str) -> &'static str {
        if self.ro { ro } else { en }
    }
}

impl LineView {
    fn new(line: &MailLine, language: Language) -> Self {
        let state = |outcome| match (outcome, language) {
            (InstructionOutcome::Made, Language::Ro) => "făcută",
            (InstructionOutcome::Made, Language::En) => "made",
            (InstructionOutcome::NotMade, Language::Ro) => "nefăcută",
            (InstructionOutcome::NotMade, Language::En) => "not made",
            (InstructionOutcome::Unknown, Language::Ro) => "banca nu ne-a spus",
            (InstructionOutcome::Unknown, Language::En) => "the bank did not tell us",
        };
        Self {
            creditor: clean(&line.creditor_name),
            iban: clean(&line.creditor_iban_masked),
            amount: money(line.amount, language),
            details: clean(&line.details),
            state: line.outcome.map(state),
        }
    }
}

/// The creditor, or how many there are.
fn payee(mail: &PaymentMail) -> String {
    let each = mail.instructions.iter().map(|i| (&i.creditor_name, &i.creditor_iban_masked));
    let all: HashSet<_> = each.collect();
    match all.into_iter().collect::<Vec<_>>().as_slice() {
        [(name, _)] => clean(name),
        several => mail.language.payees(several.len()),
    }
}

/// `2 plăți făcute (23,00 RON)` and so on, for each outcome there is.
fn counts(mail: &PaymentMail) -> Vec<String> {
    let kinds = [
        (
            InstructionOutcome::Made,
            ["plată făcută", "plăți făcute"],
            ["payment made", "payments made"],
        ),
        (
            InstructionOutcome::NotMade,
            ["plată nefăcută", "plăți nefăcute"],
            ["payment not made", "payments not made"],
        ),
        (
            InstructionOutcome::Unknown,
            ["plată despre care nu ne-a spus", "plăți despre care nu ne-a spus"],
            ["payment it did not tell us about", "payments it did not tell us about"],
        ),
    ];
    let count = |(outcome, ro, en)| {
        let these = mail.instructions.iter().filter(|i| i.outcome == Some(outcome));
        let amounts: Vec<Amount> = these.map(|i| i.amount).collect();
        let sum = Amount {
            minor: amounts.iter().map(|a| a.minor).sum(),
            ..*amounts.first()?
        };
        let words = mail.language.counted(amounts.len(), ro, en);
        Some(format!("{words} ({})", money(sum, mail.language)))
    };
    kinds.into_iter().filter_map(count).collect()
}

fn clean(text: &str) -> String {
    one_line(text).chars().take(MAX_TEXT_CHARS).collect()
}

fn money(amount: Amount, language: Language) -> String {
    match language {
        Language::Ro => amount.romanian(),
        Language::En => amount.english(),
    }
}

const MONTHS_RO: [&str; 12] = [
    "ianuarie",
    "februarie",
    "martie",
    "aprilie",
    "mai",
    "iunie",
    "iulie",
    "august",
    "septembrie",
    "octombrie",
    "noiembrie",
    "decembrie",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment as people in Romania read it on the clock.
fn when(at: Timestamp, language: Language) -> String {
    let local = chrono_tz::Europe::Bucharest.from_utc_datetime(&at);
    let (months, zone) = match language {
        Language::Ro => (MONTHS_RO, "ora României"),
        Language::En => (MONTHS_EN, "Romanian time"),
    };
    format!(
        "{} {} {}, {:02}:{:02} ({zone})",
        local.day(),
        months[local.month0() as usize],
        local.year(),
        local.hour(),
        local.minute()
    )
}

/// Folds runs of empty lines, which conditions in the template leave behind.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.trim().lines().map(str::trim_end) {
        if line.is_empty() && out.ends_with("\n\n") {
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
