//! How long a payment waits for its payer, and the way to more time.

use super::{EXTEND, View, time_of_day};
use crate::clock::Timestamp;
use crate::flow::extend_time::can_be_extended;
use crate::payment::{Language, Status};
use crate::web::hosted_page::pages::{MoreTime, TimeLeft};
use crate::web::hosted_page::step_texts::StepTexts;
use crate::web::hosted_page::time_texts::TimeTexts;

/// Seconds before the end from which on the script warns; a third of a shorter life.
const WARN_S: i64 = 300;

/// What came of asking for more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedTime {
    /// There is more.
    Given,
    /// There is no more to give.
    NoMore,
    /// Something else happened to the payment at that moment.
    Busy,
}

impl AskedTime {
    /// Its word in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::NoMore => "no-more",
            Self::Busy => "busy",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Given, Self::NoMore, Self::Busy].into_iter().find(|a| a.as_str() == word)
    }

    /// In words, for a payment whose time ends then.
    #[must_use]
    pub fn say(self, language: Language, until: Timestamp) -> String {
        let t = TimeTexts::of(language);
        let text = match self {
            Self::Given => t.extended,
            Self::NoMore => t.no_more,
            Self::Busy => t.busy,
        };
        text.replace("{time}", &time_of_day(until))
    }
}

impl View<'_> {
    /// Seconds until the payment's time ends. Rounded up, so that a page is not loaded again just before.
    pub(in crate::web::hosted_page) fn seconds_left(&self) -> i64 {
        (self.payment.expires_at - self.site.cx.now()).num_seconds().max(0) + 1
    }

    /// The way to more time, in the form of this id.
    pub(in crate::web::hosted_page) fn more_time(&self, form_id: &'static str) -> Option<MoreTime> {
        let latest = self
            .payment
            .extendable_until
            .filter(|_| can_be_extended(&self.site.cx, self.payment))?;
        let life_s = i64::try_from(self.site.cx.rules.link_life.as_secs()).unwrap_or(i64::MAX);
        Some(MoreTime {
            t: TimeTexts::of(self.language),
            post: self.post_form(EXTEND),
            form_id,
            until: self.payment.expires_at.and_utc().timestamp_micros(),
            warn_s: WARN_S.min(life_s / 3).max(20),
            latest: time_of_day(latest),
        })
    }

    /// What came of asking for more time just now.
    pub(super) fn said_of_time(&self) -> Option<String> {
        let asked = self.after.asked_time?;
        Some(asked.say(self.language, self.payment.expires_at))
    }

    /// Until when the payment waits, as its page says it.
    pub(in crate::web::hosted_page) fn until_line(&self) -> String {
        let text = match self.payment.status {
            Status::AwaitingPsu => StepTexts::of(self.language).until,
            _ => TimeTexts::of(self.language).form_until,
        };
        text.replace("{time}", &time_of_day(self.payment.expires_at))
    }

    /// How long the form waits.
    pub(in crate::web::hosted_page) fn form_time(&self) -> TimeLeft {
        TimeLeft {
            until: self.until_line(),
            seconds_left: self.seconds_left(),
            refresh_url: self.form_path(),
            more: self.more_time("pay-form"),
            said: self.said_of_time(),
            left: StepTexts::of(self.language).left,
        }
    }
}
