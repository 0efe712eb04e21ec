//! The pages about access to accounts: what is asked for, the way to the bank, how it ended; and the list from
//! which a payer picks the account to pay from.

use super::{PostForm, Shell, opaque};
use crate::bank::accounts::{Account, Balance, Money};
use crate::consent::Kind;
use crate::payment::Language;
use crate::web::hosted_page::consent_texts::ConsentTexts;
use askama::Template;

/// What the forms of a consent carry along.
#[derive(Clone)]
pub struct ConsentForm {
    /// The anti-forgery token.
    pub csrf: String,
    /// The consent's id.
    pub consent: String,
    /// The link's secret.
    pub state: String,
}

/// A bank where the consent can be given.
#[derive(Clone, Debug)]
pub struct ConsentBank {
    /// Our code of it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether it is chosen.
    pub chosen: bool,
    /// Whether it asks for the PSU's user code.
    pub needs_user_code: bool,
    /// Why it cannot be chosen: it is switched off.
    pub off: Option<String>,
    /// What the PSU should know before choosing it.
    pub warning: Option<&'static str>,
}

/// What is wrong with what was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentProblem {
    /// No bank, or not one of these.
    Bank,
    /// The user code is missing or has not the bank's form.
    UserCode,
}

/// Who asks, for what, until when; and at which bank.
#[derive(Template)]
#[template(path = "hosted_page/consent.html", whitespace = "minimize")]
pub struct ConsentPage {
    /// What stands around the page.
    pub shell: Shell,
    /// The texts.
    pub c: &'static ConsentTexts,
    /// What the form carries.
    pub form: ConsentForm,
    /// What is asked for.
    pub kind: Kind,
    /// The last day, as people read it.
    pub until: String,
    /// Read again without the PSU.
    pub recurring: bool,
    /// Where it can be given.
    pub banks: Vec<ConsentBank>,
    /// Why the last try came to nothing.
    pub notice: Option<String>,
    /// What is wrong with what was posted.
    pub problem: Option<ConsentProblem>,
}

impl ConsentPage {
    fn title(&self) -> String {
        let text = match self.kind {
            Kind::Accounts => self.c.title_accounts,
            Kind::Funds => self.c.title_funds,
        };
        text.replace("{partner}", self.shell.partner_name())
    }

    fn what(&self) -> &'static str {
        match self.kind {
            Kind::Accounts => self.c.what_accounts,
            Kind::Funds => self.c.what_funds,
        }
    }

    fn until_text(&self) -> String {
        self.c.until_day.replace("{day}", &self.until)
    }

    fn often(&self) -> &'static str {
        if self.recurring { self.c.often } else { self.c.once }
    }

    /// The banks that ask for a user code, by name; empty when none does.
    fn with_user_code(&self) -> String {
        let asking = self.banks.iter().filter(|b| b.needs_user_code);
        asking.map(|b| b.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn problem_text(&self) -> Option<(&'static str, &'static str)> {
        self.problem.map(|problem| match problem {
            ConsentProblem::Bank => ("bank-0", self.c.choose_bank),
            ConsentProblem::UserCode => ("user_code", self.c.code_wrong),
        })
    }
}

/// Between our page and the bank's, or waiting for the bank.
#[derive(Template)]
#[template(path = "hosted_page/consent_at_bank.html", whitespace = "minimize")]
pub struct ConsentAtBank {
    /// What stands around the page.
    pub shell: Shell,
    /// The texts.
    pub c: &'static ConsentTexts,
    /// The bank's name.
    pub bank: String,
    /// The bank's page and its host; without one the bank is waited for.
    pub go: Option<(String, String)>,
    /// What the PSU should know: what this is for.
    pub lead: &'static str,
    /// This page.
    pub refresh_url: String,
    /// Answers `{"changed": bool}`; asked by the script while the bank is waited for.
    pub status_url: String,
    /// Why what the PSU did last came to nothing.
    pub notice: Option<String>,
    /// The way out.
    pub leave: Leave,
}

/// The way out of the page before the bank's.
pub enum Leave {
    /// Of a consent: another bank, or no.
    Consent(ConsentForm),
    /// Of choosing an account: back to the payment.
    Payment(PostForm),
}

impl Leave {
    /// Where its form goes.
    pub(super) fn action(&self) -> &str {
        match self {
            Self::Consent(_) => "/account-consent/leave",
            Self::Payment(post) => &post.action,
        }
    }

    /// What every form of its page carries along.
    pub(super) fn hidden(&self, language: Language) -> [(&'static str, &str); 4] {
        let (csrf, (name, id), state) = match self {
            Self::Consent(form) => (&form.csrf, ("consent", &form.consent), &form.state),
            Self::Payment(post) => (&post.csrf, ("payment", &post.payment), &post.state),
        };
        [("csrf", csrf), (name, id), ("state", state), ("lang", language.as_str())]
    }
}

impl ConsentAtBank {
    fn say(&self, text: &str) -> String {
        text.replace("{bank}", &self.bank)
    }

    fn title(&self) -> String {
        self.say(if self.go.is_some() { self.c.at_title } else { self.c.wait_title })
    }

    fn lead_text(&self) -> String {
        self.say(if self.go.is_some() { self.lead } else { self.c.wait_lead })
    }
}

/// How a consent stands when there is nothing more to do.
#[derive(Template)]
#[template(path = "hosted_page/consent_result.html", whitespace = "minimize")]
pub struct ConsentResult {
    /// What stands around the page.
    pub shell: Shell,
    /// The texts.
    pub c: &'static ConsentTexts,
    /// Good, bad or calm.
    pub tone: &'static str,
    /// What happened.
    pub title: &'static str,
    /// What it means.
    pub lead: String,
    /// The last day, where it is good.
    pub until: Option<(&'static str, String)>,
    /// Back to the partner.
    pub return_url: String,
}

impl ConsentResult {
    fn is_good(&self) -> bool {
        self.tone == "good"
    }

    fn back_label(&self) -> String {
        self.shell.t.back_to.replace("{partner}", self.shell.partner_name())
    }
}

/// An account that may be picked.
struct AccountLine {
    id: String,
    name: String,
    iban: String,
    balance: Option<String>,
    usable: bool,
}

/// The list from which the payer picks the account to pay from.
#[derive(Template)]
#[template(path = "hosted_page/choose_account.html", whitespace = "minimize")]
pub struct ChooseAccount {
    shell: Shell,
    c: &'static ConsentTexts,
    bank: String,
    lines: Vec<AccountLine>,
    pick: PostForm,
    leave: PostForm,
}

impl ChooseAccount {
    /// The accounts as the bank told them; only those in the payment's currency can be picked.
    #[must_use]
    pub fn new(shell: Shell, bank: String, accounts: &[Account], currency: &str, pick: PostForm, leave: PostForm) -> Self {
        let c = ConsentTexts::of(shell.language);
        let lines = accounts
            .iter()
            .filter_map(|account| {
                Some(AccountLine {
                    id: account.id.clone(),
                    name: account.name.clone().unwrap_or_else(|| c.list_account.to_owned()),
                    iban: account.iban.as_ref()?.grouped(),
                    balance: spendable(&account.balances).map(|b| signed(shell.language, &b.amount)),
                    usable: account.currency == currency,
                })
            })
            .collect();
        Self {
            shell,
            c,
            bank,
            lines,
            pick,
            leave,
        }
    }

    fn lead(&self) -> String {
        self.c.list_lead.replace("{bank}", &self.bank)
    }
}

/// What can be spent now: the bank's available balance, else its first (Berlin Group `interimAvailable`,
/// ISO 20022 `ITAV`, `CLAV`).
fn spendable(balances: &[Balance]) -> Option<&Balance> {
    let named = |kinds: &[&str]| balances.iter().find(|b| kinds.contains(&b.kind.as_str()));
    named(&["interimAvailable", "ITAV"])
        .or_else(|| named(&["closingAvailable", "CLAV", "expected", "XPCD"]))
        .or_else(|| balances.first())
}

/// A signed amount as the language writes it.
fn signed(language: Language, money: &Money) -> String {
    let (group, decimal) = match language {
        Language::Ro => ('.', ','),
        Language::En => (',', '.'),
    };
    let all = money.hundredths.unsigned_abs();
    let digits = (all / 100).to_string();
    let mut whole = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            whole.push(group);
        }
        whole.push(digit);
    }
    let sign = if money.hundredths < 0 { "−" } else { "" };
    format!("{sign}{whole}{decimal}{:02} {}", all % 100, money.currency)
}

opaque!(ConsentPage, ConsentAtBank, ConsentResult, ChooseAccount, ConsentForm, Leave);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balances_are_written_as_people_read_them() {
        let money = |hundredths| Money {
            hundredths,
            currency: "RON".into(),
        };
        assert_eq!(signed(Language::Ro, &money(123_456_789)), "1.234.567,89 RON");
        assert_eq!(signed(Language::En, &money(-100_005)), "−1,000.05 RON");
        assert_eq!(signed(Language::Ro, &money(-5)), "−0,05 RON");
        let balance = |kind: &str| Balance {
            kind: kind.into(),
            amount: money(1),
            at: None,
        };
        let told = [balance("closingBooked"), balance("interimAvailable")];
        assert_eq!(spendable(&told).unwrap().kind, "interimAvailable");
        assert_eq!(spendable(&told[..1]).unwrap().kind, "closingBooked");
        assert!(spendable(&[]).is_none());
    }
}
