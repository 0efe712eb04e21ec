//! How long a page waits for the payer, and how the payer gets more time (WCAG 2.2, success criterion 2.2.1).

use super::{PostForm, opaque};
use crate::web::hosted_page::time_texts::TimeTexts;

/// The way to more time.
#[derive(Clone)]
pub struct MoreTime {
    /// The texts.
    pub t: &'static TimeTexts,
    /// Takes the wish.
    pub post: PostForm,
    /// The form on the page that carries it.
    pub form_id: &'static str,
    /// When the time ends that this page shows, in microseconds since 1970: a second press of the same page's button
    /// is not another wish.
    pub until: i64,
    /// How many seconds before the end the script warns.
    pub warn_s: i64,
    /// Up to when the time can be extended, as a time of day.
    pub latest: String,
}

impl MoreTime {
    /// How long it can go on.
    #[must_use]
    pub fn say_latest(&self) -> String {
        self.t.latest.replace("{time}", &self.latest)
    }
}

/// How long the form waits.
#[derive(Clone)]
pub struct TimeLeft {
    /// Until when, as a sentence.
    pub until: String,
    /// Seconds until then, for the script, whose clock may be wrong.
    pub seconds_left: i64,
    /// This page.
    pub refresh_url: String,
    /// The way to more time, where there is any.
    pub more: Option<MoreTime>,
    /// What came of asking for more.
    pub said: Option<String>,
    /// What is left, as the script writes it: `{left}`.
    pub left: &'static str,
}

opaque!(MoreTime, TimeLeft);
