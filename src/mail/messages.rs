//! The messages to payers: what became of a payment, in words that promise nothing the bank did not say.
//!
//! Every text that comes from a partner, a payer or a bank is treated as hostile: control characters and
//! disguises are removed, lengths are capped, and HTML is escaped by the templates.

use super::one_line;
use crate::clock::Timestamp;
use crate::payment::{Amount, Language};
use askama::Template;
use chrono::{Datelike, TimeZone, Timelike};
use std::fmt;

/// What the mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// The money left the payer's account.
    Settled,
    /// The bank, or the payer at the bank, refused.
    Refused,
    /// Cancelled before it was carried out.
    Cancelled,
    /// Accepted by the bank; settlement takes long.
    OnItsWay,
    /// We said earlier that it had ended unpaid; the bank now says that it was paid.
    Corrected,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Settled, Self::Refused, Self::Cancelled, Self::OnItsWay, Self::Corrected];

    /// A word for message ids and counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::OnItsWay => "on_its_way",
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
    /// Remittance information as the payer saw it.
    pub details: String,
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
pub const MAX_LINES: usize = 20;
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
    total: String,
    details: String,
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
        let lines: Vec<LineView> = mail
            .instructions
            .iter()
            .take(MAX_LINES)
            .map(|line| LineView {
                creditor: clean(&line.creditor_name),
                iban: clean(&line.creditor_iban_masked),
                amount: money(line.amount, mail.language),
            })
            .collect();
        let hidden = mail.instructions.len() - lines.len();
        Self {
            kind: mail.kind,
            reason: mail.reason.unwrap_or(ReasonWord::Unknown),
            ro,
            partner: clean(&mail.partner_name),
            payee: match lines.as_slice() {
                [only] => only.creditor.clone(),
                _ => counted(
                    mail.instructions.len(),
                    mail.language,
                    ["beneficiar", "beneficiari"],
                    ["payee", "payees"],
                ),
            },
            more: if hidden == 0 {
                String::new()
            } else {
                counted(hidden, mail.language, ["plată", "plăți"], ["more payment", "more payments"])
            },
            lines,
            total: money(mail.total, mail.language),
            details: clean(&mail.details),
            debtor: mail.debtor_iban_masked.as_deref().map(clean),
            bank: clean(&mail.bank_name),
            reference: clean(&mail.reference),
            bank_reference: mail.bank_reference.as_deref().map(clean).filter(|r| !r.is_empty()),
            at: when(mail.at, mail.language),
            contact: mail.support_contact.as_deref().map(clean).filter(|c| !c.is_empty()),
        }
    }
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

/// A number with its noun. Romanian puts "de" before the noun when the last two digits are 00 or 20..=99.
fn counted(n: usize, language: Language, ro: [&str; 2], en: [&str; 2]) -> String {
    match (language, n) {
        (Language::Ro, 1) => format!("1 {}", ro[0]),
        (Language::Ro, n) if n != 0 && !(1..20).contains(&(n % 100)) => format!("{n} de {}", ro[1]),
        (Language::Ro, n) => format!("{n} {}", ro[1]),
        (Language::En, 1) => format!("1 {}", en[0]),
        (Language::En, n) => format!("{n} {}", en[1]),
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
