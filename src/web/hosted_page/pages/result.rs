//! How a payment ended, said honestly.

use super::{OrderView, Parts, PostForm, RefusedItems, Shell, opaque};
use crate::payment::limits::Figure;
use crate::payment::refusal::Why;
use crate::web::hosted_page::list_texts::ListTexts;
use crate::web::hosted_page::receipt::ReceiptTexts;
use askama::Template;

/// Why a payment was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The payer did not approve it.
    NotApproved,
    /// The bank's decision.
    ByBank,
    /// Too many wrong codes.
    WrongCodes,
    /// Withdrawn at the bank before execution.
    Withdrawn,
    /// The bank, asked by a person, said that it was not executed.
    NotExecuted,
    /// The bank's decision, why, and what can be done, in the payer's language.
    Because(Why),
    /// The bank gave no reason.
    Unknown,
}

/// How a payment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money left.
    Settled,
    /// Some instructions of several were executed.
    PartlySettled,
    /// Refused.
    Rejected(Refusal),
    /// Cancelled at the bank before execution.
    Cancelled(Refusal),
    /// The payer gave up.
    GivenUp,
    /// Nothing happened in time.
    Expired,
    /// The first day of a standing order passed before it was sent.
    TooLateToBegin,
    /// Stopped here by a limit or a rule; the figure of the partner's profile, where it was one.
    Blocked(Option<Figure>),
}

/// The end of a payment.
#[derive(Template)]
#[template(path = "hosted_page/result.html", whitespace = "minimize")]
pub struct Result {
    /// What stands around the page.
    pub shell: Shell,
    /// How it ended.
    pub outcome: Outcome,
    /// What was to be paid, when it was known.
    pub order: Option<OrderView>,
    /// The bank's name.
    pub bank: Option<String>,
    /// The payer's account, masked.
    pub debtor_iban: Option<String>,
    /// We had said that it was not made.
    pub corrected: bool,
    /// When it ended, in local time as people read it.
    pub finished_at: Option<String>,
    /// Where the confirmation goes, masked ([`super::mask_email`]).
    pub mail_to: Option<String>,
    /// Back to the partner with the outcome; without one there is no button.
    pub return_url: Option<String>,
    /// What became of each of several payments, when not all were made.
    pub parts: Option<Parts>,
    /// What the bank refused, and why, where it said so.
    pub refused: Option<RefusedItems>,
    /// The confirmation as a file, once money has moved.
    pub receipt: Option<String>,
    /// How to try again, while the link lives; the payment has not ended then.
    pub try_again: Option<TryAgain>,
}

/// The ways on after a refused attempt.
#[derive(Clone)]
pub struct TryAgain {
    /// The form.
    pub url: String,
    /// Ends the payment.
    pub leave: PostForm,
}

opaque!(Result, TryAgain);

impl Result {
    fn receipt_texts(&self) -> &'static ReceiptTexts {
        ReceiptTexts::of(self.shell.language)
    }

    /// `good`, `bad` or `calm`: how the page looks. Never the only sign of the outcome.
    fn tone(&self) -> &'static str {
        match self.outcome {
            Outcome::Settled => "good",
            Outcome::PartlySettled | Outcome::Rejected(_) | Outcome::Blocked(_) => "bad",
            Outcome::Cancelled(_) | Outcome::GivenUp | Outcome::Expired | Outcome::TooLateToBegin => "calm",
        }
    }

    /// What is said of a standing order, when it is one.
    fn standing(&self) -> Option<&'static ListTexts> {
        Some(self.order.as_ref()?.schedule.as_ref()?.l)
    }

    /// Which of the three steps the payer has come to: nothing is done while it may be tried again.
    fn step(&self) -> usize {
        if self.try_again.is_some() { 2 } else { 3 }
    }

    fn title(&self) -> &'static str {
        let t = self.shell.t;
        match self.outcome {
            Outcome::Settled => self.standing().map_or(t.settled_title, |l| l.standing_title),
            Outcome::PartlySettled => t.partly_title,
            Outcome::Rejected(_) => t.rejected_title,
            Outcome::Cancelled(_) => t.cancelled_title,
            Outcome::GivenUp => t.abandoned_title,
            Outcome::Expired => t.expired_title,
            Outcome::TooLateToBegin => self.l().late_title,
            Outcome::Blocked(_) => t.blocked_title,
        }
    }

    fn lead(&self) -> String {
        let t = self.shell.t;
        let text = match self.outcome {
            Outcome::Settled => self.standing().map_or(t.settled_lead, |l| l.standing_lead),
            Outcome::PartlySettled => t.partly_lead,
            Outcome::Rejected(Refusal::NotApproved) => t.rejected_psu,
            Outcome::Rejected(Refusal::ByBank) => t.rejected_bank,
            Outcome::Rejected(Refusal::Unknown) => t.rejected_unknown,
            Outcome::Cancelled(Refusal::NotApproved) => t.cancelled_psu,
            Outcome::Cancelled(Refusal::ByBank | Refusal::Unknown) => t.cancelled_lead,
            Outcome::Rejected(refusal) | Outcome::Cancelled(refusal) => match refusal {
                Refusal::WrongCodes => t.rejected_codes,
                Refusal::Withdrawn => t.ended_withdrawn,
                Refusal::NotExecuted => t.ended_not_executed,
                Refusal::Because(why) => return t.rejected_because.replace("{why}", why.what),
                Refusal::NotApproved | Refusal::ByBank | Refusal::Unknown => t.rejected_unknown,
            },
            Outcome::GivenUp => t.abandoned_lead,
            Outcome::Expired => t.expired_lead,
            Outcome::TooLateToBegin => self.l().late_lead,
            Outcome::Blocked(Some(figure)) => return format!("{} {}", figure.why(self.shell.language), t.blocked_by_limit),
            Outcome::Blocked(None) => t.blocked_lead,
        };
        let creditor = self.order.as_ref().map_or(self.shell.partner_name(), |o| &o.creditor_name);
        let first_day = self.order.as_ref().and_then(|o| o.schedule.as_ref()).map(|s| s.first_day.as_str());
        text.replace("{creditor}", creditor).replace("{day}", first_day.unwrap_or_default())
    }

    fn l(&self) -> &'static ListTexts {
        ListTexts::of(self.shell.language)
    }

    /// What can be done about the reason.
    fn advice(&self) -> Option<&'static str> {
        match self.outcome {
            Outcome::Rejected(Refusal::Because(why)) => Some(why.next),
            Outcome::Rejected(Refusal::ByBank | Refusal::Unknown) => Some(self.shell.t.rejected_ask),
            _ => None,
        }
    }

    /// What may be done next, when no money moved and the partner is known.
    fn next(&self) -> Option<String> {
        if self.try_again.is_some() {
            return Some(self.shell.t.rejected_again.to_owned());
        }
        let again = matches!(
            self.outcome,
            Outcome::Rejected(_) | Outcome::Cancelled(_) | Outcome::Expired | Outcome::GivenUp
        );
        if matches!(self.outcome, Outcome::Blocked(_)) {
            return Some(self.shell.t.blocked_next.replace("{partner}", self.shell.partner_name()));
        }
        if self.outcome == Outcome::TooLateToBegin {
            return Some(self.l().late_next.replace("{partner}", self.shell.partner_name()));
        }
        let partner = self.shell.partner.as_ref().filter(|_| again)?;
        Some(self.shell.t.rejected_next.replace("{partner}", &partner.name))
    }

    fn return_label(&self) -> String {
        if self.outcome == Outcome::Settled {
            return self.shell.t.thanks.to_owned();
        }
        self.shell.t.back_to.replace("{partner}", self.shell.partner_name())
    }

    fn back_soon(&self) -> String {
        self.shell.t.back_soon.replace("{partner}", self.shell.partner_name())
    }

    /// Seconds until the page returns to the partner: longer where there is more to read.
    fn return_after_s(&self) -> u32 {
        if self.outcome == Outcome::Settled { 10 } else { 25 }
    }
}
