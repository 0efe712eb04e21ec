//! The pages while the payment is at the bank: on the way there, waiting, out of time, in doubt.

use super::{MoreTime, OrderView, PostForm, Shell, opaque};
use askama::Template;

/// What every page of a payment at its bank shows.
#[derive(Clone)]
pub struct AtBank {
    /// The bank's name.
    pub bank: String,
    /// What is being paid.
    pub order: OrderView,
    /// Answers `{"changed": bool}`; asked every few seconds by the script.
    pub status_url: String,
    /// This page.
    pub refresh_url: String,
    /// Until when the payer may approve, as a time of day.
    pub until: String,
    /// Seconds until then, for the script, whose clock may be wrong.
    pub seconds_left: i64,
    /// The way to more time, where there is any.
    pub more: Option<MoreTime>,
    /// What came of asking for more.
    pub said: Option<String>,
    /// Takes the payment back: „Altă bancă”, „Renunță”.
    pub leave: PostForm,
    /// Goes on with another browser, where this page offers it.
    pub to_phone: Option<PostForm>,
    /// Why what the payer wanted last did not work.
    pub notice: Option<String>,
}

impl AtBank {
    /// A text about this bank.
    #[must_use]
    pub fn say(&self, text: &str) -> String {
        text.replace("{bank}", &self.bank)
    }

    /// Until when the payer may approve, as a sentence.
    #[must_use]
    pub fn say_until(&self, text: &str) -> String {
        text.replace("{time}", &self.until)
    }
}

/// Why the page before the bank's is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoWhy {
    /// The order was given to the bank just now; the script goes on by itself.
    Fresh,
    /// The payer opened the link again.
    StillWaits,
    /// The payer came back from the bank, and the bank does not say that the payment is approved.
    Returned,
    /// The payer wanted to take the payment back, and the bank did not confirm it.
    NotWithdrawn,
}

/// Between our page and the bank's: names the bank and what will happen there.
#[derive(Template)]
#[template(path = "hosted_page/go_to_bank.html", whitespace = "minimize")]
pub struct GoToBank {
    shell: Shell,
    at: AtBank,
    why: GoWhy,
    bank_url: String,
    bank_host: String,
}

impl GoToBank {
    /// The page before the bank's page at `bank_url`, which the caller has checked against the bank's hosts.
    #[must_use]
    pub fn new(shell: Shell, at: AtBank, why: GoWhy, bank_url: &url::Url) -> Self {
        Self {
            shell,
            at,
            why,
            bank_host: bank_url.host_str().unwrap_or_default().to_owned(),
            bank_url: bank_url.to_string(),
        }
    }

    fn title(&self) -> String {
        let (t, s) = (self.shell.t, self.shell.s);
        self.at.say(match self.why {
            GoWhy::Fresh => t.go_title,
            GoWhy::StillWaits => s.waits_title,
            GoWhy::Returned => s.returned_title,
            GoWhy::NotWithdrawn => t.waiting_title,
        })
    }

    fn lead(&self) -> String {
        let (t, s) = (self.shell.t, self.shell.s);
        self.at.say(match self.why {
            GoWhy::Fresh => t.go_lead,
            GoWhy::StillWaits => s.waits_lead,
            GoWhy::Returned => s.returned_lead,
            GoWhy::NotWithdrawn => s.not_withdrawn,
        })
    }

    /// Whether the lead says what the notice would.
    fn says_notice(&self) -> bool {
        self.why == GoWhy::NotWithdrawn
    }

    fn is_fresh(&self) -> bool {
        self.why == GoWhy::Fresh
    }
}

/// What a payer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// Our own call to the bank.
    Sending,
    /// The bank's work after the approval.
    Settlement,
}

/// The payment is on its way; the page watches it.
#[derive(Template)]
#[template(path = "hosted_page/waiting.html", whitespace = "minimize")]
pub struct Waiting {
    /// What stands around the page.
    pub shell: Shell,
    /// What is waited for.
    pub waiting_for: WaitingFor,
    /// The payment at the bank.
    pub at: AtBank,
    /// Back to the partner, without an outcome.
    pub return_url: Option<String>,
}

impl Waiting {
    fn lead(&self) -> String {
        self.at.say(match self.waiting_for {
            WaitingFor::Sending => self.shell.t.waiting_sending,
            WaitingFor::Settlement => match &self.at.order.schedule {
                Some(standing) => standing.l.standing_processing,
                None => self.shell.t.waiting_processing,
            },
        })
    }

    fn back_label(&self) -> String {
        self.shell.t.back_to.replace("{partner}", self.shell.partner_name())
    }
}

/// The payer's time at the bank is over, and the bank has not yet said what became of the payment.
#[derive(Template)]
#[template(path = "hosted_page/time_over.html", whitespace = "minimize")]
pub struct TimeOver {
    /// What stands around the page.
    pub shell: Shell,
    /// The payment at the bank.
    pub at: AtBank,
}

/// Nobody knows yet whether money moves.
#[derive(Template)]
#[template(path = "hosted_page/in_doubt.html", whitespace = "minimize")]
pub struct InDoubt {
    /// What stands around the page.
    pub shell: Shell,
    /// The payment at the bank.
    pub at: AtBank,
    /// Since when nobody knows, in local time as people read it.
    pub since: Option<String>,
    /// Where the answer will be mailed, masked ([`super::mask_email`]).
    pub mail_to: Option<String>,
    /// Back to the partner, without an outcome.
    pub return_url: Option<String>,
}

impl InDoubt {
    fn back_label(&self) -> String {
        self.shell.t.back_to.replace("{partner}", self.shell.partner_name())
    }
}

opaque!(AtBank, GoToBank, Waiting, TimeOver, InDoubt);
