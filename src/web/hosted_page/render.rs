//! Which page fits a payment's state.

mod at_bank;
mod brand;
mod choose;
mod consent_step;
mod list;
mod receipt;
mod result;
mod time;

pub use at_bank::{fingerprint, step_of};
pub use brand::brand;
pub use choose::{ACCOUNT, ACCOUNT_LEAVE, CHOOSE, offering_accounts};
pub use consent_step::{StepPlace, StepProblem, consent_notice, has_page, step_page};
pub use list::{EDIT, LIST};
pub use receipt::RECEIPT;
pub use time::AskedTime;

use super::browser::Browser;
use super::form::{BankChoice, FieldError, FormInput, KnownOrder, OffMessage};
use super::pages::{self, Busy, FormNotice, Notice, NoticeKind, OrderView, PaymentForm, PostForm, Shell, WaitingFor};
use super::typed::Typed;
use crate::clock::Timestamp;
use crate::flow::Context;
use crate::flow::consents::choose::BeforeChoice;
use crate::flow::init_payment::{cannot_take, serves};
use crate::partner::{Field, Partner};
use crate::payment::link::with_query;
use crate::payment::{Currency, Language, PaymentId, Status};
use crate::store::payments::Payment;
use crate::web::Site;
use askama::Template as _;
use url::Url;

/// Takes the form that offers a hand-over to another browser.
pub const HAND_OVER_OFFER: &str = "/payment-initiation/phone";
/// Takes the wish for more time.
pub const EXTEND: &str = "/payment-initiation/time";
const WITHDRAW: &str = "/payment-initiation/withdraw";

/// A rendered page, or why it could not be.
pub type Rendered = Result<String, askama::Error>;

/// What a page is rendered from.
#[derive(Debug)]
pub struct View<'a> {
    /// The site.
    pub site: &'a Site,
    /// The payment.
    pub payment: &'a Payment,
    /// Whose it is.
    pub partner: &'a Partner,
    /// The bound browser.
    pub browser: &'a Browser,
    /// The language.
    pub language: Language,
    /// What the page is shown after.
    pub after: After,
    /// What the browser kept of a form that was not sent yet.
    pub typed: Option<Typed>,
    /// What was typed before an account was chosen at the bank, and what came of that.
    pub before_choice: Option<&'a BeforeChoice>,
}

/// What a page is shown after: nothing of it is kept, and only words on the page depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct After {
    /// The PSU came back from the bank's page.
    pub returned: bool,
    /// The PSU asked for another code.
    pub resent: bool,
    /// The PSU asked for more time.
    pub asked_time: Option<AskedTime>,
    /// For a payment in doubt: since when.
    pub doubt_since: Option<Timestamp>,
    /// For a payment that was made: we had said that it was not.
    pub corrected: bool,
}

/// What was posted and what is wrong with it.
#[derive(Debug)]
pub struct Wrong {
    /// As posted.
    pub input: FormInput,
    /// What is wrong.
    pub errors: Vec<(Field, FieldError)>,
}

/// The path of a payment's page.
#[must_use]
pub fn page_path(id: PaymentId, state: &str) -> String {
    format!("/payment-initiation?payment={id}&state={state}")
}

/// The banks as the page offers them: those of the payment's currency.
#[must_use]
pub fn bank_choices(cx: &Context, payment: &Payment) -> Vec<BankChoice> {
    bank_choices_of(cx, payment.currency, payment.instructions.len(), payment.schedule.is_some())
}

/// The banks for an order of so many instructions.
#[must_use]
pub fn bank_choices_of(cx: &Context, currency: Currency, instructions: usize, is_standing_order: bool) -> Vec<BankChoice> {
    let choice = |b: &crate::bank::directory::Bank| BankChoice {
        code: b.code.clone(),
        name: b.name.clone(),
        active: b.active(),
        iban_codes: b.iban_codes.clone(),
        needs_user_code: b.facts.requires_psu_id,
        psu_id: b.psu_id.clone(),
        cannot: cannot_take(b, currency, instructions, is_standing_order),
        off: off_message(cx, &b.code),
        silent: b.active() && cx.is_bank_silent(&b.code),
    };
    let serving = cx.banks.list().iter().filter(|b| serves(b, currency));
    serving.map(choice).collect()
}

/// What payers read of a bank that is switched off.
pub(super) fn off_message(cx: &Context, bank: &str) -> Option<OffMessage> {
    cx.closure_of(bank).map(|closure| OffMessage {
        ro: closure.message_ro,
        en: closure.message_en,
    })
}

/// What is known of the order before the PSU adds to it.
#[must_use]
pub fn known_order(payment: &Payment) -> KnownOrder {
    let instruction = payment.instructions.first();
    KnownOrder {
        currency: payment.currency,
        creditor_name: instruction.map(|i| i.creditor_name.clone()),
        creditor_iban: instruction.map(|i| i.creditor_iban.clone()),
        amount: instruction.map(|i| i.amount),
        details: instruction.map(|i| i.details.clone()),
        bank: payment.bank_code.clone(),
        debtor_iban: payment.debtor_iban.clone(),
        email: payment.psu_email.clone(),
        terms_accepted: payment.terms_accepted,
        several: match payment.instructions.as_slice() {
            [_, _, ..] => Some(payment.instructions.iter().map(|i| i.creditor_iban.clone()).collect()),
            _ => None,
        },
    }
}

/// A page that tells nothing of any payment.
///
/// # Errors
/// When the template fails.
pub fn notice(site: &Site, language: Language, kind: NoticeKind) -> Rendered {
    Notice::new(site.shell(language), kind).render()
}

impl View<'_> {
    /// The page for where the payment stands.
    ///
    /// # Errors
    /// When the template fails.
    pub fn page(&self) -> Rendered {
        match self.payment.status {
            Status::Created if self.payment.is_leased(self.site.cx.now()) => self.busy(),
            Status::Created if self.payment.expires_at <= self.site.cx.now() => notice(self.site, self.language, NoticeKind::Expired),
            Status::Created => self.form(None, false),
            Status::Initiating => self.waiting(WaitingFor::Sending),
            Status::AwaitingPsu => self.psu_needed(),
            Status::Processing => self.waiting(WaitingFor::Settlement),
            Status::InDoubt => self.in_doubt(),
            _ => self.result(),
        }
    }

    /// The form for another attempt, where that is possible; else the page for where the payment stands.
    ///
    /// # Errors
    /// When the template fails.
    pub fn again(&self) -> Rendered {
        if self.may_try_again() {
            self.form(None, false)
        } else {
            self.page()
        }
    }

    fn may_try_again(&self) -> bool {
        let now = self.site.cx.now();
        self.payment.status == Status::AttemptRefused && self.payment.expires_at > now && !self.payment.is_leased(now)
    }

    /// The form, perhaps with what was wrong.
    ///
    /// # Errors
    /// When the template fails.
    pub fn form(&self, wrong: Option<&Wrong>, page_expired: bool) -> Rendered {
        self.form_at(1, wrong, page_expired.then_some(FormNotice::PageExpired))
    }

    /// As [`Self::form`], over a page of the list where there are several payments, with something to know first.
    ///
    /// # Errors
    /// When the template fails.
    pub fn form_at(&self, page: usize, wrong: Option<&Wrong>, first: Option<FormNotice>) -> Rendered {
        let banks = bank_choices(&self.site.cx, self.payment);
        // What the browser kept of the form is younger: choosing an account makes it forget.
        let kept = if wrong.is_none() && self.typed.is_none() {
            self.typed_form()
        } else {
            None
        };
        let first = first.or_else(|| self.account_notice().filter(|_| wrong.is_none()));
        let wrong = wrong.or(kept.as_ref());
        let notice = first.or_else(|| self.form_notice());
        let mut known = known_order(self.payment);
        if matches!(notice, Some(FormNotice::Withdrawn { .. })) {
            // Who wants another bank is not offered the same one first.
            (known.bank, known.debtor_iban) = (None, None);
        }
        let typed = self.typed.as_ref().map(|typed| typed.over(pages::prefilled(self.language, &known)));
        let unchecked = typed.as_ref().map(|input| pages::Answered { input, errors: &[] });
        let answered = wrong.map(|w| pages::Answered {
            input: &w.input,
            errors: &w.errors,
        });
        let mut form = PaymentForm::new(
            self.shell(),
            self.post_form("/payment-initiation"),
            WITHDRAW.into(),
            self.partner.kind,
            &known,
            &banks,
            answered.or(unchecked),
        );
        form = form.with_phone(self.post_form(HAND_OVER_OFFER)).with_time(self.form_time());
        let offering = offering_accounts(self.site, self.payment);
        if !offering.is_empty() {
            form = form.with_account_choice(CHOOSE, &offering);
        }
        if let Some(list) = self.payment_list(page) {
            form = form.with_list(list);
        }
        if let Some(schedule) = &self.payment.schedule {
            form = form.with_schedule(pages::ScheduleView::new(self.language, schedule));
        }
        if let Some(giro) = self.payment.instructions.first().and_then(|i| i.giro.as_ref()) {
            form = form.with_giro(giro);
        }
        form = form.with_refused(self.refused_items());
        match notice {
            Some(notice) => form.with_notice(&notice).render(),
            None => form.render(),
        }
    }

    /// What the PSU should know first: why the last attempt came to nothing.
    fn form_notice(&self) -> Option<FormNotice> {
        let bank = self.bank_name().unwrap_or_default();
        match self.payment.notice.as_deref() {
            _ if self.payment.status == Status::AttemptRefused => Some(FormNotice::Refused { bank }),
            Some("psu_id_refused") => Some(FormNotice::UserCodeRefused { bank }),
            Some("bank_declined") => Some(FormNotice::BankDeclined { bank }),
            Some(_) => Some(FormNotice::BankNotReached { bank }),
            None if self.payment.attempts > 0 => Some(FormNotice::Withdrawn { bank }),
            None => None,
        }
    }

    fn busy(&self) -> Rendered {
        Busy {
            shell: self.shell(),
            refresh_url: self.own_path(),
        }
        .render()
    }

    /// What stands around this payment's pages.
    #[must_use]
    pub fn shell(&self) -> Shell {
        let mut shell = self.site.shell(self.language);
        let partner = self.partner;
        shell.partner = Some(brand(partner));
        let other = if self.language == Language::Ro {
            Language::En
        } else {
            Language::Ro
        };
        shell.other_language_url = Some(format!("{}&lang={other}", self.base_path()));
        shell.reference = Some(self.payment.id.to_string());
        shell
    }

    fn state(&self) -> &str {
        self.payment.link_state.as_deref().unwrap_or_default()
    }

    fn base_path(&self) -> String {
        page_path(self.payment.id, self.state())
    }

    /// This payment's page in this language.
    #[must_use]
    pub fn own_path(&self) -> String {
        format!("{}&lang={}", self.base_path(), self.language)
    }

    /// Where the script asks whether there is something new to show.
    #[must_use]
    pub fn status_path(&self) -> String {
        format!(
            "/payment-initiation/state?payment={}&state={}&seen={}",
            self.payment.id,
            self.state(),
            fingerprint(self.payment, self.site.cx.now())
        )
    }

    fn post_form(&self, action: &str) -> PostForm {
        PostForm {
            action: action.to_owned(),
            csrf: self.browser.csrf(self.site.cx.db.vault(), &self.payment.id.to_string()),
            payment: self.payment.id.to_string(),
            state: self.state().to_owned(),
        }
    }

    fn order(&self) -> Option<OrderView> {
        OrderView::of(self.language, &self.payment.instructions, self.payment.schedule.as_ref())
    }

    fn bank_name(&self) -> Option<String> {
        self.site.cx.bank_of(self.payment).map(|b| b.name.clone())
    }

    /// Back to the partner with id, status and message: a convenience for the payer, never proof for the partner.
    fn return_url(&self) -> Option<String> {
        let url = Url::parse(self.payment.redirect_url.as_deref()?).ok()?;
        let status = self.payment.status.transaction_status(self.payment.bank_word.as_deref());
        let message = match self.payment.status {
            Status::Settled => "SUCCESS",
            s if s.is_final() => "FAILED",
            _ => "PENDING",
        };
        Some(
            with_query(
                &url,
                &[("id", &self.payment.id.to_string()), ("status", status), ("message", message)],
            )
            .into(),
        )
    }
}

/// A time as people in Romania read it.
#[must_use]
pub fn local_time(at: Timestamp, language: Language) -> String {
    let local = at.and_utc().with_timezone(&chrono_tz::Europe::Bucharest);
    let format = if language == Language::Ro {
        "%d.%m.%Y, %H:%M"
    } else {
        "%d/%m/%Y, %H:%M"
    };
    local.format(format).to_string()
}

/// A time of day as people in Romania read it.
#[must_use]
pub fn time_of_day(at: Timestamp) -> String {
    at.and_utc()
        .with_timezone(&chrono_tz::Europe::Bucharest)
        .format("%H:%M")
        .to_string()
}
