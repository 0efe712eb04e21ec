//! The payment page with sample data, for those who want to see how a partner looks on it. It belongs to no payment:
//! its forms lead nowhere, and nothing that is typed is kept.

use super::colour::{Colour, Scheme};
use super::form::KnownOrder;
use super::pages::{PartnerBrand, PaymentForm, PostForm};
use super::render::{Rendered, bank_choices_of};
use crate::partner::{ButtonText, PartnerKind};
use crate::payment::{Amount, Currency, Iban, Language};
use crate::web::Site;
use askama::Template as _;
use serde::Deserialize;

/// What is tried, as an address or a form says it; what is missing or wrong is as it is saved, or as new partners
/// have it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tried {
    colour: Option<String>,
    button_text: Option<String>,
    kind: Option<String>,
    scheme: Option<String>,
}

impl Tried {
    /// The colour that is tried.
    #[must_use]
    pub fn colour(&self) -> Option<Colour> {
        self.colour.as_deref().and_then(Colour::parse)
    }

    /// What was written as colour, whether it is one or not.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        self.colour.as_deref()
    }

    /// The button that is tried.
    #[must_use]
    pub fn button(&self) -> Option<ButtonText> {
        self.button_text.as_deref().and_then(ButtonText::parse)
    }

    /// The kind of partner that is tried.
    #[must_use]
    pub fn kind(&self) -> Option<PartnerKind> {
        self.kind.as_deref().and_then(PartnerKind::parse)
    }

    /// For which screens.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme.as_deref().map(Scheme::parse).unwrap_or_default()
    }

    /// The same as an address says it: what is right of it, and nothing else.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(colour) = self.colour() {
            query.append_pair("colour", &colour.to_string());
        }
        if let Some(button) = self.button() {
            query.append_pair("button_text", button.as_str());
        }
        if let Some(kind) = self.kind() {
            query.append_pair("kind", kind.as_str());
        }
        if self.scheme() != Scheme::Either {
            query.append_pair("scheme", self.scheme().as_str());
        }
        query.finish()
    }
}

/// The page to show.
#[derive(Clone, Debug)]
pub struct Sample {
    /// How the partner shows itself.
    pub brand: PartnerBrand,
    /// What its payers may change.
    pub kind: PartnerKind,
    /// The currency of its payments.
    pub currency: Currency,
    /// The language.
    pub language: Language,
    /// Where its forms lead.
    pub nowhere: String,
    /// Our own words above it.
    pub other_language_url: Option<String>,
}

/// An order of which every field is filled.
fn order(sample: &Sample) -> KnownOrder {
    let iban = if sample.currency == Currency::Rsd {
        "RS35260005601001611379"
    } else {
        "RO49AAAA1B31007593840000"
    };
    KnownOrder {
        currency: sample.currency,
        creditor_name: Some(sample.brand.name.clone()),
        creditor_iban: Iban::parse(iban).ok(),
        amount: Amount::from_minor(12_345, sample.currency).ok(),
        details: Some(match sample.language {
            Language::Ro => "Comanda 4711".into(),
            Language::En => "Order 4711".into(),
        }),
        bank: None,
        debtor_iban: None,
        email: Some("ana@exemplu.ro".into()),
        terms_accepted: false,
        several: None,
    }
}

/// The page.
///
/// # Errors
/// When the template fails.
pub fn page(site: &Site, sample: Sample) -> Rendered {
    let order = order(&sample);
    let mut shell = site.shell(sample.language);
    shell.other_language_url = sample.other_language_url;
    shell.partner = Some(sample.brand);
    let post = PostForm {
        action: sample.nowhere.clone(),
        csrf: String::new(),
        payment: String::new(),
        state: String::new(),
    };
    let banks = bank_choices_of(&site.cx, sample.currency, 1, false);
    PaymentForm::new(shell, post, sample.nowhere, sample.kind, &order, &banks, None).render()
}
