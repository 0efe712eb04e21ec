//! The pages as plain data: each struct is one page, its template only lays it out.

mod at_bank;
mod consent;
mod consent_step;
mod fields;
mod gallery;
mod hand_over;
mod payment_form;
mod payment_list;
mod result;
mod steps;
mod time_left;

use super::consent_texts::ConsentTexts;
use super::giro_texts::{Fact, GiroTexts};
use super::step_texts::StepTexts;
use super::texts::Texts;
use crate::partner::ButtonText;
use crate::payment::iban::LENGTHS;
use crate::payment::text::for_bank;
use crate::payment::{Amount, Iban, Language};
use crate::web::assets;
use askama::Template;

/// These hold tokens, accounts and addresses: printed, they are only a name.
macro_rules! opaque {
    ($($page:ident),+) => {$(
        impl std::fmt::Debug for $page {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($page)).finish_non_exhaustive()
            }
        }
    )+};
}
pub(super) use opaque;
opaque!(PostForm, OrderView);

pub use at_bank::{AtBank, GoToBank, GoWhy, InDoubt, TimeOver, Waiting, WaitingFor};
pub use consent::{ChooseAccount, ConsentAtBank, ConsentBank, ConsentForm, ConsentPage, ConsentProblem, ConsentResult, Leave};
pub use consent_step::{ConsentStep, StepFrame, StepPaths, Wanted};
pub use gallery::{GalleryEntry, GalleryIndex};
pub use hand_over::{HandOver, QrPath, TakeOver};
pub use payment_form::{AccountNotice, Answered, FormNotice, PaymentForm, prefilled};
pub use payment_list::{
    EditNotice, EditPage, Edited, InShort, LINES_A_PAGE, ListLine, ListUrls, Numbered, Parts, PaymentList, RefusedItems, ScheduleView,
};
pub use result::{Outcome, Refusal, Result, TryAgain};
pub use steps::{ApproveInApp, ChooseMethod, CodeError, CodeForms, EnterCode, NotBegun, bank_text, notice_text, read_code};
pub use time_left::{MoreTime, TimeLeft};

/// Who runs this service.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The company's name.
    pub name: String,
    /// How it is licensed, in one line, such as the register's number.
    pub licence: Option<String>,
    /// Where payers ask for help: an e-mail address or a telephone number.
    pub contact: String,
}

/// How a partner shows itself.
#[derive(Clone, Debug)]
pub struct PartnerBrand {
    /// Its name; hostile text.
    pub name: String,
    /// Its logo, on our own host.
    pub logo_url: Option<String>,
    /// Its logo for dark screens, on our own host.
    pub dark_logo_url: Option<String>,
    /// The style sheet of [`super::colour::page_css`], on our own host; without one, ours.
    pub css_url: Option<String>,
    /// What the button says.
    pub button: ButtonText,
}

/// What stands around every page.
#[derive(Clone, Debug)]
pub struct Shell {
    language: Language,
    t: &'static Texts,
    s: &'static StepTexts,
    /// Who runs the service.
    pub operator: Operator,
    /// The partner, where the page may name it.
    pub partner: Option<PartnerBrand>,
    /// The same page in the other language.
    pub other_language_url: Option<String>,
    /// The terms and conditions.
    pub terms_url: String,
    /// Our reference of the payment.
    pub reference: Option<String>,
    /// The picture of what stands beside banks' names; empty where no banks are shown.
    pub bank_marks: String,
}

impl Shell {
    /// The lengths of IBANs for the page's script, as `RO24 RS22`.
    fn iban_lengths(&self) -> String {
        let lengths = LENGTHS.iter().map(|(country, whole)| format!("{country}{whole}"));
        lengths.collect::<Vec<_>>().join(" ")
    }

    /// A page that names neither a partner nor a payment.
    #[must_use]
    pub const fn new(language: Language, operator: Operator, terms_url: String) -> Self {
        Self {
            language,
            t: Texts::of(language),
            s: StepTexts::of(language),
            operator,
            partner: None,
            other_language_url: None,
            terms_url,
            reference: None,
            bank_marks: String::new(),
        }
    }

    /// The page's language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    fn css(&self) -> String {
        let own = self.partner.as_ref().and_then(|partner| partner.css_url.clone());
        own.unwrap_or_else(|| assets::url("app.css"))
    }

    /// The partner's logo for dark screens, which stands in place of the other one.
    fn dark_logo(&self) -> Option<&str> {
        let partner = self.partner.as_ref().filter(|partner| partner.logo_url.is_some())?;
        partner.dark_logo_url.as_deref()
    }

    /// The mark of a bank; `None` where there are none.
    fn mark(&self, bank: &str) -> Option<String> {
        (!self.bank_marks.is_empty()).then(|| format!("{}#{bank}", self.bank_marks))
    }

    fn js(&self) -> String {
        assets::url("app.js")
    }

    fn icon(&self) -> String {
        let logo = self.partner.as_ref().and_then(|p| p.logo_url.clone());
        logo.unwrap_or_else(|| assets::url("icon.svg"))
    }

    fn partner_name(&self) -> &str {
        self.partner.as_ref().map_or(&self.operator.name, |p| &p.name)
    }

    fn forget_payment(mut self) -> Self {
        self.partner = None;
        self.reference = None;
        self.other_language_url = None;
        self
    }
}

/// What every form of a payment carries along.
#[derive(Clone)]
pub struct PostForm {
    /// Where it is posted to.
    pub action: String,
    /// The anti-forgery token.
    pub csrf: String,
    /// The payment's id.
    pub payment: String,
    /// The link's secret.
    pub state: String,
}

/// An order as it is shown back: nothing in it can be edited.
#[derive(Clone)]
pub struct OrderView {
    creditor_name: String,
    /// What the creditor's account is called: it may be no IBAN.
    creditor_account: &'static str,
    creditor_iban: String,
    amount: String,
    details: String,
    details_for_bank: Option<String>,
    /// Where there are several payments: the first of them; `creditor_name` then says how many creditors.
    several: Option<InShort>,
    /// For a standing order.
    schedule: Option<ScheduleView>,
    /// What a Serbian order has beside the rest.
    facts: Vec<Fact>,
}

impl OrderView {
    /// An order of one payment in the payer's language.
    #[must_use]
    pub fn new(language: Language, creditor_name: &str, creditor_iban: &Iban, amount: Amount, details: &str) -> Self {
        let creditor_account = match creditor_iban.serbian_account() {
            Some(_) => GiroTexts::of(language).creditor_row,
            None => Texts::of(language).creditor_iban,
        };
        Self {
            creditor_account,
            creditor_name: creditor_name.to_owned(),
            creditor_iban: creditor_iban.grouped(),
            amount: money(language, amount),
            details: details.to_owned(),
            details_for_bank: sent_instead(details),
            several: None,
            schedule: None,
            facts: Vec::new(),
        }
    }
}

/// An amount with its currency, as the language writes it.
#[must_use]
pub fn money(language: Language, amount: Amount) -> String {
    match language {
        Language::Ro => amount.romanian(),
        Language::En => amount.english(),
    }
}

/// An e-mail address of which a stranger learns only the domain: `a•••@exemplu.ro`.
#[must_use]
pub fn mask_email(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}•••@{domain}")
}

/// What the bank receives, when it is not what was typed.
fn sent_instead(details: &str) -> Option<String> {
    let sent = for_bank(details, crate::payment::order::MAX_DETAILS_CHARS);
    (sent != details.trim()).then_some(sent)
}

/// What a page without a payment of its own says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Back from the bank in a browser that is not the payment's: neutral, nothing of the payment.
    ReturnedElsewhere,
    /// The link was opened in a second browser: reveals nothing.
    OtherBrowser,
    /// This browser handed the payment over to another one.
    MovedOn,
    /// The code of a hand-over was used, is too old or was never one.
    HandOverUsed,
    /// The link's time is over.
    Expired,
    /// No such payment, or a wrong link.
    NotFound,
    /// A consent's link was opened in a second browser: reveals nothing.
    ConsentElsewhere,
    /// No such consent, or a wrong link.
    NoConsent,
}

/// A page that only says something.
#[derive(Debug, Template)]
#[template(path = "hosted_page/notice.html", whitespace = "minimize")]
pub struct Notice {
    shell: Shell,
    kind: NoticeKind,
}

impl Notice {
    /// A page that reveals nothing of any payment: partner and reference are dropped from the shell.
    #[must_use]
    pub fn new(shell: Shell, kind: NoticeKind) -> Self {
        let other_language_url = shell.other_language_url.clone();
        let shell = Shell {
            other_language_url,
            ..shell.forget_payment()
        };
        Self { shell, kind }
    }

    fn words(&self) -> [&'static str; 3] {
        let (t, s, c) = (self.shell.t, self.shell.s, ConsentTexts::of(self.shell.language));
        match self.kind {
            NoticeKind::ReturnedElsewhere => [t.elsewhere_title, t.elsewhere_lead, t.elsewhere_more],
            NoticeKind::OtherBrowser => [t.other_title, t.other_lead, t.other_more],
            NoticeKind::MovedOn => [s.moved_title, s.moved_lead, s.moved_more],
            NoticeKind::HandOverUsed => [s.used_title, s.used_lead, s.used_more],
            NoticeKind::Expired => [t.gone_title, t.gone_lead, ""],
            NoticeKind::NotFound => [t.missing_title, t.missing_lead, ""],
            NoticeKind::ConsentElsewhere => [c.other_title, c.other_lead, c.other_more],
            NoticeKind::NoConsent => [c.missing_title, c.missing_lead, ""],
        }
    }
}

/// Another tab is submitting this payment.
#[derive(Debug, Template)]
#[template(path = "hosted_page/busy.html", whitespace = "minimize")]
pub struct Busy {
    /// What stands around the page.
    pub shell: Shell,
    /// This page; loaded again by the script after a few seconds.
    pub refresh_url: String,
}

/// The terms and conditions.
#[derive(Debug, Template)]
#[template(path = "hosted_page/terms.html", whitespace = "minimize")]
pub struct Terms {
    /// What stands around the page.
    pub shell: Shell,
}

/// Something went wrong.
#[derive(Debug, Template)]
#[template(path = "error.html", whitespace = "minimize")]
pub struct ErrorPage {
    /// What stands around the page.
    pub shell: Shell,
    /// What happened, in a few words.
    pub title: String,
    /// What it means for the reader.
    pub message: String,
    /// The reference that is also in the log.
    pub error_reference: String,
}

#[cfg(test)]
mod tests;
