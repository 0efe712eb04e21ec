//! Choosing the account at the bank: the way there, the list, and what the form shows afterwards.

use super::{FormInput, FormNotice, Rendered, StepPlace, StepProblem, View, Wrong, has_page, step_page};
use crate::flow::consents::choose::{Choosing, Outcome};
use crate::flow::consents::init::shows_accounts;
use crate::flow::init_payment::cannot_take;
use crate::store::payments::Payment;
use crate::web::Site;
use crate::web::hosted_page::consent_texts::ConsentTexts;
use crate::web::hosted_page::pages::{AccountNotice, ChooseAccount, ConsentAtBank, Leave, StepPaths};
use askama::Template as _;

/// Takes the form whose payer wants to pick the account at the bank.
pub const CHOOSE: &str = "/payment-initiation/choose";
/// The page of the list; takes what was picked.
pub const ACCOUNT: &str = "/payment-initiation/account";
/// Back to the form without picking.
pub const ACCOUNT_LEAVE: &str = "/payment-initiation/account/leave";

/// The banks that show accounts and can be given this order, by name; empty when there is none.
#[must_use]
pub fn offering_accounts(site: &Site, payment: &Payment) -> String {
    let (many, standing) = (payment.instructions.len(), payment.schedule.is_some());
    let fit = site.cx.banks.list().iter();
    let fit = fit.filter(|b| {
        shows_accounts(b) && site.cx.closure_of(&b.code).is_none() && cannot_take(b, payment.currency, many, standing).is_none()
    });
    fit.map(|b| b.name.as_str()).collect::<Vec<_>>().join(", ")
}

impl View<'_> {
    /// What was typed into the form before, with the account that was picked since.
    pub(super) fn typed_form(&self) -> Option<Wrong> {
        let typed = self.before_choice?;
        let mut input: FormInput = serde_json::from_value(typed.form.clone()).unwrap_or_default();
        if let Some(iban) = &typed.picked {
            input.debtor_iban = iban.grouped();
            input.bank.clone_from(&typed.bank);
        }
        Some(Wrong { input, errors: Vec::new() })
    }

    /// What came of choosing an account.
    pub(super) fn account_notice(&self) -> Option<FormNotice> {
        let typed = self.before_choice?;
        let bank = self.name_of(&typed.bank);
        let notice = match typed.outcome {
            Outcome::Open => return None,
            Outcome::Picked { low } => AccountNotice::Picked { bank, low },
            Outcome::NotGiven => AccountNotice::NotGiven { bank },
            Outcome::Failed => AccountNotice::Failed { bank },
            Outcome::UserCodeRefused => AccountNotice::UserCodeRefused { bank },
        };
        Some(FormNotice::Account(notice))
    }

    fn name_of(&self, bank: &str) -> String {
        self.site.cx.banks.get(bank).map(|b| b.name.clone()).unwrap_or_default()
    }

    /// The path of the page about choosing, in this language.
    #[must_use]
    pub fn account_path(&self) -> String {
        format!(
            "{ACCOUNT}?payment={}&state={}&lang={}",
            self.payment.id,
            self.state(),
            self.language
        )
    }

    /// The page about choosing; `None` where the form is to be shown.
    #[must_use]
    pub fn choosing(&self, choosing: &Choosing) -> Option<Rendered> {
        let (bank, go) = match choosing {
            Choosing::Form => return None,
            Choosing::Accounts { bank, accounts } => {
                let (pick, leave) = (self.post_form(ACCOUNT), self.post_form(ACCOUNT_LEAVE));
                let currency = self.payment.currency.code();
                let page = ChooseAccount::new(self.choosing_shell(), self.name_of(bank), accounts, currency, pick, leave);
                return Some(page.render());
            }
            Choosing::GoToBank { bank, url } => (bank, Some((url.to_string(), url.host_str().unwrap_or_default().to_owned()))),
            Choosing::Step { open, .. } if open.step.as_ref().is_some_and(has_page) => return self.choosing_step(choosing, None),
            Choosing::Step { bank, .. } => (bank, None),
        };
        let c = ConsentTexts::of(self.language);
        let page = ConsentAtBank {
            shell: self.choosing_shell(),
            c,
            bank: self.name_of(bank),
            go,
            lead: c.choose_lead,
            refresh_url: self.account_path(),
            status_url: self.account_state(choosing),
            notice: None,
            leave: Leave::Payment(self.post_form(ACCOUNT_LEAVE)),
        };
        Some(page.render())
    }

    /// The page for what the bank of the accounts wants, perhaps with what is wrong with what was posted.
    #[must_use]
    pub fn choosing_step(&self, choosing: &Choosing, problem: Option<StepProblem>) -> Option<Rendered> {
        let Choosing::Step { bank, open, .. } = choosing else {
            return None;
        };
        let below = |name: &str| format!("{ACCOUNT}/{name}");
        let place = StepPlace {
            shell: self.choosing_shell(),
            bank: self.name_of(bank),
            paths: StepPaths {
                page: self.account_path(),
                status: self.account_state(choosing),
                code: below("code"),
                resend: below("resend"),
                method: below("method"),
            },
            leave: Leave::Payment(self.post_form(ACCOUNT_LEAVE)),
            resent: self.after.resent,
        };
        step_page(place, open, problem, self.site.cx.now())
    }

    /// Where the script asks whether the page about choosing has changed.
    fn account_state(&self, choosing: &Choosing) -> String {
        let shown = match choosing {
            Choosing::Step { shown, .. } => shown.as_str(),
            _ => "",
        };
        let (id, state) = (self.payment.id, self.state());
        format!("{ACCOUNT}/state?payment={id}&state={state}&seen={shown}")
    }

    /// The same page in the other language, not the payment's.
    fn choosing_shell(&self) -> crate::web::hosted_page::pages::Shell {
        let mut shell = self.shell();
        let other = shell.other_language_url.take();
        shell.other_language_url = other.map(|url| url.replacen("/payment-initiation?", &format!("{ACCOUNT}?"), 1));
        shell
    }
}
