//! A state of a page: its name, and how it is made.

use crate::clock::Timestamp;
use crate::partner::Partner;
use crate::payment::Language;
use crate::store::payments::Payment;
use crate::web::Site;
use crate::web::hosted_page::browser::Browser;
use crate::web::hosted_page::render::{After, Rendered, View};

/// Where a state is shown.
pub(super) struct Stage<'a> {
    /// The site; its database is not touched.
    pub site: &'a Site,
    /// Somebody's browser.
    pub browser: &'a Browser,
    /// The language.
    pub language: Language,
}

impl Stage<'_> {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.site.cx.now()
    }

    /// What payers' pages are made from.
    pub fn view<'b>(&'b self, payment: &'b Payment, partner: &'b Partner) -> View<'b> {
        View {
            site: self.site,
            payment,
            partner,
            browser: self.browser,
            language: self.language,
            after: After::default(),
            typed: None,
            before_choice: None,
        }
    }
}

/// Which pages a state belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// The form before anything is sent.
    Form,
    /// The payment is at the bank.
    AtBank,
    /// The payment has ended.
    End,
    /// Choosing the account at the bank.
    Account,
    /// A consent.
    Consent,
    /// Pages of no payment.
    Around,
}

impl Group {
    /// Every group, in the order of the index.
    pub const ALL: [Self; 6] = [Self::Form, Self::AtBank, Self::End, Self::Account, Self::Consent, Self::Around];

    /// Its heading.
    pub const fn title(self, language: Language) -> &'static str {
        let (ro, en) = match self {
            Self::Form => ("Formularul plății", "The payment form"),
            Self::AtBank => ("Plata este la bancă", "The payment is at the bank"),
            Self::End => ("Cum s-a încheiat plata", "How the payment ended"),
            Self::Account => ("Alegerea contului la bancă", "Choosing the account at the bank"),
            Self::Consent => ("Acordul pentru conturi", "Consent to see accounts"),
            Self::Around => ("Pagini fără plată", "Pages without a payment"),
        };
        match language {
            Language::Ro => ro,
            Language::En => en,
        }
    }
}

type Make = dyn Fn(&Stage<'_>) -> Option<Rendered>;

/// A state.
pub(super) struct State {
    /// Which pages it belongs to.
    pub group: Group,
    /// Its address, and what it is called in the index.
    pub name: String,
    make: Box<Make>,
}

impl State {
    /// A state; `make` answers `None` when the sample cannot be made.
    pub fn new(group: Group, name: impl Into<String>, make: impl Fn(&Stage<'_>) -> Option<Rendered> + 'static) -> Self {
        Self {
            group,
            name: name.into(),
            make: Box::new(make),
        }
    }

    /// The page.
    pub fn page(&self, stage: &Stage<'_>) -> Option<Rendered> {
        (self.make)(stage)
    }
}

/// Variants of an enum with a name for each. One that is not listed does not compile: there is no state of a page
/// without an entry here.
macro_rules! each {
    ($kind:ident: $($variant:ident $(($inner:expr))? $({$($field:ident: $value:expr),* $(,)?})? => $name:literal),+ $(,)?) => {{
        const fn every_variant_has_a_name(kind: &$kind) {
            match kind {
                $($kind::$variant { .. } => (),)+
            }
        }
        let _ = every_variant_has_a_name;
        [$(($kind::$variant $(($inner))? $({$($field: $value),*})?, $name)),+]
    }};
}
pub(super) use each;
