//! The form on which the payer checks the order and chooses a bank.

use super::fields::{ErrorLine, FieldView, Views, user_code_label};
use super::{OrderView, PaymentList, PostForm, RefusedItems, ScheduleView, Shell, TimeLeft, money, opaque, sent_instead};
use crate::flow::init_payment::CannotTake;
use crate::partner::profile::{Field, PartnerKind};
use crate::payment::{Amount, Giro, Language};
use crate::web::hosted_page::consent_texts::ConsentTexts;
use crate::web::hosted_page::form::{self, BankChoice, FieldError, FormInput, KnownOrder};
use crate::web::hosted_page::giro_texts::{self, Fact, GiroTexts};
use crate::web::hosted_page::list_texts::ListTexts;
use crate::web::hosted_page::texts;
use askama::Template;

/// Something to know before filling in the form again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormNotice {
    /// The bank said no; the payment is still alive.
    BankDeclined {
        /// The bank's name.
        bank: String,
    },
    /// The bank was not reached; nothing was sent.
    BankNotReached {
        /// The bank's name.
        bank: String,
    },
    /// The bank refused the last attempt; the PSU may try again.
    Refused {
        /// The bank's name.
        bank: String,
    },
    /// The PSU wanted another way, and the bank confirmed that the last attempt is withdrawn.
    Withdrawn {
        /// The bank's name.
        bank: String,
    },
    /// The bank does not know the user code.
    UserCodeRefused {
        /// The bank's name.
        bank: String,
    },
    /// The form's token was too old.
    PageExpired,
    /// The list of payments is not the one that was shown.
    ListChanged,
    /// What came of choosing an account at the bank.
    Account(AccountNotice),
}

/// What came of choosing an account at the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// None of the banks that show accounts is chosen.
    NotThere {
        /// Those that do, by name.
        banks: String,
    },
    /// It is filled in.
    Picked {
        /// The bank's name.
        bank: String,
        /// The bank says that there may not be enough on it.
        low: bool,
    },
    /// The PSU did not let us see the accounts.
    NotGiven {
        /// The bank's name.
        bank: String,
    },
    /// The bank does not show them now.
    Failed {
        /// The bank's name.
        bank: String,
    },
    /// The bank does not know the PSU by the user code.
    UserCodeRefused {
        /// The bank's name.
        bank: String,
    },
}

impl AccountNotice {
    fn text(&self, language: Language) -> String {
        let c = ConsentTexts::of(language);
        match self {
            Self::NotThere { banks } => c.choose_not_there.replace("{banks}", banks),
            Self::Picked { bank, low: false } => c.picked.replace("{bank}", bank),
            Self::Picked { bank, low: true } => c.picked_low.replace("{bank}", bank),
            Self::NotGiven { bank } => c.not_given.replace("{bank}", bank),
            Self::Failed { bank } => c.failed.replace("{bank}", bank),
            Self::UserCodeRefused { bank } => c.user_code_refused.replace("{bank}", bank),
        }
    }
}

/// The way to the list of accounts at the bank.
struct AccountChoice {
    action: String,
    label: &'static str,
    hint: String,
}

/// A bank in the list.
struct BankOption {
    /// The bank.
    bank: BankChoice,
    /// Whether it is chosen.
    chosen: bool,
    /// Why it cannot be chosen.
    why_not: Option<String>,
    /// What the PSU should know before choosing it.
    warning: Option<&'static str>,
    /// What it calls its user code, and the form of those.
    user_code: Option<(String, String)>,
}

/// The form.
#[derive(Template)]
#[template(path = "hosted_page/payment_form.html", whitespace = "minimize")]
pub struct PaymentForm {
    shell: Shell,
    post: PostForm,
    cancel: PostForm,
    to_phone: Option<PostForm>,
    /// How long the form waits; a preview waits for nobody.
    time: Option<TimeLeft>,
    account_choice: Option<AccountChoice>,
    notice: Option<String>,
    errors: Vec<ErrorLine>,
    /// The order, when it is not the payer's to change.
    order: Option<OrderView>,
    /// The order's fields, when it is.
    order_fields: Vec<FieldView>,
    /// The list, where there are several payments.
    list: Option<PaymentList>,
    /// For a standing order.
    schedule: Option<ScheduleView>,
    /// What a Serbian order of one payment has beside its fields.
    facts: Vec<Fact>,
    /// What the bank refused in the last attempt, and why.
    refused: Option<RefusedItems>,
    /// Why no bank at all can be chosen.
    no_bank: Option<&'static str>,
    details_for_bank: Option<String>,
    pay_amount: Option<String>,
    creditor_iban: String,
    banks: Vec<BankOption>,
    bank_error: Option<String>,
    bank_suggested: bool,
    debtor_iban: FieldView,
    email: FieldView,
    user_code: FieldView,
    banks_with_user_code: String,
    ask_terms: bool,
    terms_ticked: bool,
    terms_error: Option<String>,
}

opaque!(PaymentForm);

/// A form that was posted and could not be accepted.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// What was posted.
    pub input: &'a FormInput,
    /// What is wrong with it.
    pub errors: &'a [(Field, FieldError)],
}

impl PaymentForm {
    /// The form with what is known, or with what was posted and what is wrong with it. `post.action` takes
    /// the order, `cancel_action` gives up.
    #[must_use]
    pub fn new(
        shell: Shell,
        post: PostForm,
        cancel_action: String,
        kind: PartnerKind,
        known: &KnownOrder,
        banks: &[BankChoice],
        answered: Option<Answered<'_>>,
    ) -> Self {
        let language = shell.language;
        let input = answered.map_or_else(|| prefilled(language, known), |a| a.input.clone());
        let errors = answered.map_or(&[][..], |a| a.errors);
        let suggested = input
            .bank
            .is_empty()
            .then(|| form::suggest_bank(&input.debtor_iban, banks))
            .flatten();
        let chosen = suggested.map_or(input.bank.as_str(), |b| &b.code);
        let bank = banks.iter().find(|b| b.code == chosen);
        let rule = bank.and_then(|b| b.psu_id.as_ref());
        let off = bank.and_then(|b| b.off.as_ref());
        let view = Views {
            off: off.map(|off| off.text(language)),
            language,
            errors,
            input: &input,
            user_code_label: rule.map(|rule| user_code_label(language, rule)),
        };
        let editable = kind.editable(Field::Amount);
        let one = known.several.is_none();
        let order = (!editable && one).then(|| read_only(language, known)).flatten();
        Self {
            cancel: PostForm {
                action: cancel_action,
                ..post.clone()
            },
            post,
            to_phone: None,
            time: None,
            account_choice: None,
            notice: None,
            errors: view.summary(banks),
            order_fields: if editable && one { view.order_fields() } else { Vec::new() },
            list: None,
            schedule: None,
            facts: Vec::new(),
            refused: None,
            no_bank: no_bank(language, banks),
            details_for_bank: (editable && one).then(|| sent_instead(&input.details)).flatten(),
            pay_amount: order.as_ref().map(|o| o.amount.clone()),
            creditor_iban: known.creditor_iban.as_ref().map_or_else(String::new, |i| i.electronic().to_owned()),
            order,
            banks: banks.iter().map(|b| option(language, b, chosen)).collect(),
            bank_error: view.error(Field::Bank),
            bank_suggested: suggested.is_some(),
            debtor_iban: view.field(Field::DebtorIban),
            email: view.field(Field::Email),
            user_code: view.field(Field::UserCode),
            banks_with_user_code: with_user_code(language, banks),
            ask_terms: !known.terms_accepted,
            terms_ticked: !input.terms.is_empty(),
            terms_error: view.error(Field::Terms),
            shell,
        }
    }

    /// The same form with something to know first; a user code that the bank does not know is said at its
    /// field too.
    #[must_use]
    pub fn with_notice(mut self, notice: &FormNotice) -> Self {
        let (t, s) = (self.shell.t, self.shell.s);
        self.notice = Some(match notice {
            FormNotice::BankDeclined { bank } => t.bank_declined.replace("{bank}", bank),
            FormNotice::BankNotReached { bank } => t.bank_not_reached.replace("{bank}", bank),
            FormNotice::Refused { bank } => s.form_refused.replace("{bank}", bank),
            FormNotice::Withdrawn { bank } => s.form_withdrawn.replace("{bank}", bank),
            FormNotice::UserCodeRefused { bank } => s.user_code_refused.replace("{bank}", bank),
            FormNotice::PageExpired => t.page_expired.to_owned(),
            FormNotice::ListChanged => ListTexts::of(self.shell.language).changed.to_owned(),
            FormNotice::Account(notice) => notice.text(self.shell.language),
        });
        let by_field = matches!(notice, FormNotice::UserCodeRefused { .. }) && !self.banks_with_user_code.is_empty();
        if by_field && self.errors.is_empty() {
            self.user_code.error = Some(s.user_code_unknown.to_owned());
            self.errors.push(ErrorLine {
                anchor: self.user_code.id.to_owned(),
                label: self.user_code.label.clone(),
                message: s.user_code_unknown.to_owned(),
            });
        }
        self
    }

    /// The same form with a way to pick the account at one of these banks, by name.
    #[must_use]
    pub fn with_account_choice(mut self, action: &str, banks: &str) -> Self {
        let c = ConsentTexts::of(self.shell.language);
        self.account_choice = Some(AccountChoice {
            action: action.to_owned(),
            label: c.choose,
            hint: c.choose_hint.replace("{banks}", banks),
        });
        self
    }

    /// The same form with a way to go on with another browser.
    #[must_use]
    pub fn with_phone(mut self, post: PostForm) -> Self {
        self.to_phone = Some(post);
        self
    }

    /// The same form, which waits so long.
    #[must_use]
    pub fn with_time(mut self, time: TimeLeft) -> Self {
        self.time = Some(time);
        self
    }

    /// The same form over a list of payments.
    #[must_use]
    pub fn with_list(mut self, list: PaymentList) -> Self {
        self.pay_amount = Some(list.total().to_owned());
        self.list = Some(list);
        self
    }

    /// The same form for an order inside Serbia: accounts have the names that people there use.
    #[must_use]
    pub fn with_giro(mut self, giro: &Giro) -> Self {
        let t = GiroTexts::of(self.shell.language);
        if self.list.is_none() {
            self.facts = giro_texts::facts(self.shell.language, Some(giro));
        }
        (self.debtor_iban.label, self.debtor_iban.hint) = (t.account.into(), t.account_hint);
        for field in self.order_fields.iter_mut().filter(|f| f.id == "creditor_iban") {
            field.label = t.creditor_account.into();
        }
        self
    }

    /// The same form with what the bank refused before.
    #[must_use]
    pub fn with_refused(mut self, refused: Option<RefusedItems>) -> Self {
        self.refused = refused;
        self
    }

    /// The same form for a standing order.
    #[must_use]
    pub fn with_schedule(mut self, schedule: ScheduleView) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// What the button says; an amount only where the payer cannot change it on this page.
    fn pay_label(&self) -> String {
        let button = self.shell.partner.as_ref().map(|partner| partner.button).unwrap_or_default();
        let words = self.shell.t.button(button);
        match &self.pay_amount {
            Some(amount) if button.names_amount() => format!("{words} {amount}"),
            _ => words.to_owned(),
        }
    }

    fn title(&self) -> &'static str {
        match self.list {
            Some(_) => ListTexts::of(self.shell.language).form_title,
            None => self.shell.t.form_title,
        }
    }
}

/// What the form begins with.
#[must_use]
pub fn prefilled(language: Language, known: &KnownOrder) -> FormInput {
    FormInput {
        creditor_name: known.creditor_name.clone().unwrap_or_default(),
        creditor_iban: known.creditor_iban.as_ref().map(|i| i.grouped()).unwrap_or_default(),
        amount: known.amount.map(|a| number(language, a)).unwrap_or_default(),
        details: known.details.clone().unwrap_or_default(),
        bank: known.bank.clone().unwrap_or_default(),
        debtor_iban: known.debtor_iban.as_ref().map(|i| i.grouped()).unwrap_or_default(),
        email: known.email.clone().unwrap_or_default(),
        user_code: String::new(),
        terms: String::new(),
    }
}

/// An amount without its currency, as it can be typed.
fn number(language: Language, amount: Amount) -> String {
    let text = money(language, amount);
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn read_only(language: Language, known: &KnownOrder) -> Option<OrderView> {
    Some(OrderView::new(
        language,
        known.creditor_name.as_ref()?,
        known.creditor_iban.as_ref()?,
        known.amount?,
        known.details.as_ref()?,
    ))
}

fn option(language: Language, bank: &BankChoice, chosen: &str) -> BankOption {
    BankOption {
        bank: bank.clone(),
        chosen: bank.usable() && bank.code == chosen,
        why_not: match (bank.cannot, &bank.off) {
            _ if !bank.active => Some(texts::Texts::of(language).bank_inactive.to_owned()),
            (_, Some(off)) => Some(off.text(language).to_owned()),
            (Some(cannot), None) => Some(texts::cannot_take(language, cannot).to_owned()),
            (None, None) => None,
        },
        warning: (bank.silent && bank.usable()).then_some(texts::Texts::of(language).bank_silent),
        user_code: bank
            .psu_id
            .as_ref()
            .map(|rule| (user_code_label(language, rule).to_owned(), rule.pattern.clone())),
    }
}

/// The banks that ask for a user code, each with its own name for it.
fn with_user_code(language: Language, banks: &[BankChoice]) -> String {
    let generic = texts::Texts::of(language).user_code;
    let named = |b: &BankChoice| match b.psu_id.as_ref().map(|rule| user_code_label(language, rule)) {
        Some(own) if own != generic => format!("{} ({own})", b.name),
        _ => b.name.clone(),
    };
    let asking = banks.iter().filter(|b| b.usable() && b.needs_user_code);
    asking.map(named).collect::<Vec<_>>().join(", ")
}

/// Said when banks are there, and none of them takes such an order.
fn no_bank(language: Language, banks: &[BankChoice]) -> Option<&'static str> {
    let l = ListTexts::of(language);
    if banks.iter().any(BankChoice::usable) {
        return None;
    }
    banks.iter().find_map(|b| b.cannot).map(|cannot| match cannot {
        CannotTake::Currency => l.none_currency,
        CannotTake::Several => l.none_several,
        CannotTake::StandingOrder => l.none_standing,
    })
}
