//! The pages of a payment whose order is at the bank: one per thing the bank may want of the PSU.

use super::{HAND_OVER_OFFER, Rendered, View, WITHDRAW, local_time, notice, time_of_day};
use crate::bank::{CodePrompt, PsuStep, ScaMethod};
use crate::clock::Timestamp;
use crate::crypto;
use crate::flow::answer_step::MAX_CODE_TRIES;
use crate::payment::Status;
use crate::store::payments::Payment;
use crate::web::hosted_page::pages::{
    ApproveInApp, AtBank, ChooseMethod, CodeError, CodeForms, EnterCode, GoToBank, GoWhy, InDoubt, NotBegun, NoticeKind, TimeOver, Waiting,
    WaitingFor, mask_email, notice_text,
};
use askama::Template as _;

/// Characters of a fingerprint.
const FINGERPRINT_CHARS: usize = 16;
/// How long after the order was given to the bank the page goes on to the bank's by itself, in seconds. Who
/// opens the link later wants to look first.
const FRESH_S: i64 = 30;

/// What the PSU must do now.
#[must_use]
pub fn step_of(payment: &Payment) -> Option<PsuStep> {
    serde_json::from_str(payment.psu_step.as_deref()?).ok()
}

fn time_is_over(payment: &Payment, now: Timestamp) -> bool {
    payment.status == Status::AwaitingPsu && payment.expires_at <= now
}

/// A short name for what the payment's page shows: when it changes, there is something new to see. Tells
/// nothing of the payment.
#[must_use]
pub fn fingerprint(payment: &Payment, now: Timestamp) -> String {
    let shown = format!(
        "{}|{}|{}|{}|{}|{}",
        payment.status,
        payment.psu_step.as_deref().unwrap_or_default(),
        payment.notice.as_deref().unwrap_or_default(),
        payment.reason.as_deref().unwrap_or_default(),
        payment.code_tries,
        time_is_over(payment, now),
    );
    crypto::token_hash(&shown).chars().take(FINGERPRINT_CHARS).collect()
}

impl View<'_> {
    /// The page for what the bank wants of the PSU.
    pub(super) fn psu_needed(&self) -> Rendered {
        let (Some(step), Some(at)) = (step_of(self.payment), self.at_bank()) else {
            return self.in_doubt();
        };
        if time_is_over(self.payment, self.site.cx.now()) {
            let shell = self.shell();
            return TimeOver { shell, at }.render();
        }
        match step {
            PsuStep::GoToBank { url } => {
                let at = self.with_phone(at);
                GoToBank::new(self.shell(), at, self.go_why(), &url).render()
            }
            // The call that starts the authorisation is under way.
            PsuStep::Begin if self.payment.is_leased(self.site.cx.now()) => self.waiting(WaitingFor::Sending),
            PsuStep::Begin => NotBegun { shell: self.shell(), at }.render(),
            PsuStep::ApproveInApp { message } => ApproveInApp::new(self.shell(), self.with_phone(at), message.as_deref()).render(),
            PsuStep::EnterCode(prompt) => {
                let wrong = prompt.wrong.then_some(CodeError::Wrong);
                self.enter_code(prompt, wrong)
            }
            PsuStep::ChooseMethod { methods } => self.choose_method(&methods, false),
        }
    }

    /// The page for a code, perhaps with what is wrong with the one just entered.
    ///
    /// # Errors
    /// When the template fails.
    pub fn enter_code(&self, prompt: CodePrompt, error: Option<CodeError>) -> Rendered {
        let Some(at) = self.at_bank() else { return self.in_doubt() };
        let left = u32::try_from(MAX_CODE_TRIES.saturating_sub(self.payment.code_tries)).unwrap_or(0);
        let forms = CodeForms {
            send: self.post_form("/payment-initiation/code"),
            resend: self.post_form("/payment-initiation/resend"),
        };
        EnterCode::new(self.shell(), at, prompt, forms, error, left, self.after.resent).render()
    }

    /// The page for a method, perhaps after none was chosen.
    ///
    /// # Errors
    /// When the template fails.
    pub fn choose_method(&self, methods: &[ScaMethod], missing: bool) -> Rendered {
        let Some(at) = self.at_bank() else { return self.in_doubt() };
        let send = self.post_form("/payment-initiation/method");
        ChooseMethod::new(self.shell(), at, methods, send, missing).render()
    }

    fn go_why(&self) -> GoWhy {
        let age_s = (self.site.cx.now() - self.payment.updated_at).num_seconds();
        match self.payment.notice.as_deref() {
            Some("not_withdrawn") => GoWhy::NotWithdrawn,
            Some(_) => GoWhy::Returned,
            None if self.after.returned => GoWhy::Returned,
            // Who asked for more time is not led away from the page.
            None if self.after.asked_time.is_some() => GoWhy::StillWaits,
            None if self.payment.polls > 0 || age_s > FRESH_S => GoWhy::StillWaits,
            None => GoWhy::Fresh,
        }
    }

    pub(super) fn waiting(&self, waiting_for: WaitingFor) -> Rendered {
        let Some(at) = self.at_bank() else { return self.in_doubt() };
        Waiting {
            shell: self.shell(),
            waiting_for,
            at,
            return_url: self.return_url(),
        }
        .render()
    }

    pub(super) fn in_doubt(&self) -> Rendered {
        let Some(at) = self.at_bank() else {
            return notice(self.site, self.language, NoticeKind::NotFound);
        };
        InDoubt {
            shell: self.shell(),
            at,
            since: self.after.doubt_since.map(|since| local_time(since, self.language)),
            mail_to: self.payment.psu_email.as_deref().map(mask_email),
            return_url: self.return_url(),
        }
        .render()
    }

    fn at_bank(&self) -> Option<AtBank> {
        let payment = self.payment;
        Some(AtBank {
            bank: self.bank_name().unwrap_or_default(),
            order: self.order()?,
            status_url: self.status_path(),
            refresh_url: self.own_path(),
            until: time_of_day(payment.expires_at),
            seconds_left: self.seconds_left(),
            more: self.more_time("more-time-form"),
            said: self.said_of_time(),
            leave: self.post_form(WITHDRAW),
            to_phone: None,
            notice: payment.notice.as_deref().map(|word| notice_text(self.language, word).to_owned()),
        })
    }

    fn with_phone(&self, at: AtBank) -> AtBank {
        let to_phone = Some(self.post_form(HAND_OVER_OFFER));
        AtBank { to_phone, ..at }
    }
}
