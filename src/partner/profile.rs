//! The partner's profile.

use crate::payment::Currency;
use serde::{Deserialize, Serialize};
use url::Url;

/// The two kinds of partner; the kind decides what the PSU may change on the hosted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartnerKind {
    /// A shop: the order is fixed, the PSU only adds the own bank, account and e-mail.
    Ecommerce,
    /// An ERP or a billing system: the PSU may change the order before confirming it.
    Finance,
}

/// A field of the payment form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The partner's name.
    PartnerName,
    /// Who receives the money.
    CreditorName,
    /// The account that receives it.
    CreditorIban,
    /// How much.
    Amount,
    /// Remittance information.
    Details,
    /// The PSU's bank.
    Bank,
    /// The PSU's account.
    DebtorIban,
    /// Where the PSU is told how the payment ended.
    Email,
    /// The PSU's user code at the bank, asked only by banks that authorise decoupled.
    UserCode,
    /// The acceptance of the terms and conditions.
    Terms,
}

impl Field {
    /// Every field, in the order of the form.
    pub const ALL: [Self; 10] = [
        Self::PartnerName,
        Self::CreditorName,
        Self::CreditorIban,
        Self::Amount,
        Self::Details,
        Self::Bank,
        Self::DebtorIban,
        Self::Email,
        Self::UserCode,
        Self::Terms,
    ];
}

impl PartnerKind {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecommerce => "ecommerce",
            Self::Finance => "finance",
        }
    }

    /// The kind of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ecommerce, Self::Finance].into_iter().find(|k| k.as_str() == word)
    }

    /// Whether the PSU may change a field. Decided here, on the server, never by what a form posts.
    #[must_use]
    pub const fn editable(self, field: Field) -> bool {
        match field {
            Field::PartnerName => false,
            Field::CreditorName | Field::CreditorIban | Field::Amount | Field::Details => matches!(self, Self::Finance),
            Field::Bank | Field::DebtorIban | Field::Email | Field::UserCode | Field::Terms => true,
        }
    }
}

/// What the button says by which the payer confirms: one of a closed list, so that it says what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonText {
    /// „Plătește” and the amount.
    #[default]
    PayAmount,
    /// „Plătește”.
    Pay,
    /// „Confirmă plata”.
    Confirm,
    /// „Donează” and the amount.
    Donate,
    /// „Reîncarcă” and the amount.
    TopUp,
}

impl ButtonText {
    /// Every text, the one of new partners first.
    pub const ALL: [Self; 5] = [Self::PayAmount, Self::Pay, Self::Confirm, Self::Donate, Self::TopUp];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayAmount => "pay_amount",
            Self::Pay => "pay",
            Self::Confirm => "confirm",
            Self::Donate => "donate",
            Self::TopUp => "top_up",
        }
    }

    /// The text of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|b| b.as_str() == word)
    }

    /// Whether the amount stands beside the words, where the payer cannot change it.
    #[must_use]
    pub const fn names_amount(self) -> bool {
        matches!(self, Self::PayAmount | Self::Donate | Self::TopUp)
    }
}

/// A picture and its media type.
pub type Logo = (Vec<u8>, String);

/// Which screens a logo is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Every screen, unless there is a logo for dark ones.
    Light,
    /// Screens of people who prefer dark colours.
    Dark,
}

/// The logos of a new partner.
#[derive(Clone, Debug, Default)]
pub struct Logos {
    /// For every screen.
    pub light: Option<Logo>,
    /// For dark screens.
    pub dark: Option<Logo>,
}

/// A partner, as the gateway and the hosted page know it.
#[derive(Clone, Debug)]
pub struct Partner {
    /// Our own id (UUID).
    pub id: String,
    /// The id it presents at the gateway.
    pub client_id: String,
    /// The name payers see.
    pub name: String,
    /// What it may let payers change.
    pub kind: PartnerKind,
    /// The only currency of its payments.
    pub currency: Currency,
    /// Subject of its certificate (RFC 4514).
    pub certificate_subject: String,
    /// Issuer of its certificate (RFC 4514).
    pub certificate_issuer: String,
    /// SHA-256 of its certificate, where one is pinned, lower-case hexadecimal.
    pub certificate_sha256: Option<String>,
    /// Where its payers may be sent back to.
    pub redirect_urls: Vec<Url>,
    /// Whether path and query of the redirect URL may vary.
    pub flexible_redirect: bool,
    /// Its colour, `#rrggbb`.
    pub colour: String,
    /// Whether it has a logo; the picture is read only where it is shown.
    pub has_logo: bool,
    /// Whether it has another logo for dark screens.
    pub has_dark_logo: bool,
    /// What the button says by which its payers confirm.
    pub button_text: ButtonText,
    /// Whether it may call at all.
    pub active: bool,
    /// Whether it may ask its payers for access to their accounts; Finance partners only.
    pub account_access: bool,
}

impl Partner {
    /// Whether it ever had a certificate: a new partner has none, which its row says by an empty subject.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        !self.certificate_subject.is_empty()
    }

    /// Whether payers may be sent back to this URL: same scheme, host and port as a registered one, and a
    /// path below it (whole segments) unless the partner may vary it. User info and fragments never pass.
    #[must_use]
    pub fn allows_redirect(&self, url: &Url, flexible: bool) -> bool {
        let clean = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let vary = flexible && self.flexible_redirect;
        clean
            && matches!(url.scheme(), "https" | "http")
            && self
                .redirect_urls
                .iter()
                .any(|r| r.origin() == url.origin() && (vary || below(r.path(), url.path())))
    }
}

fn below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(registered: &str, flexible: bool) -> Partner {
        Partner {
            id: "p".into(),
            client_id: "c".into(),
            name: "Shop".into(),
            kind: PartnerKind::Ecommerce,
            currency: Currency::Ron,
            certificate_subject: "CN=shop".into(),
            certificate_issuer: "CN=ca".into(),
            certificate_sha256: None,
            redirect_urls: vec![Url::parse(registered).unwrap()],
            flexible_redirect: flexible,
            colour: "#005bbb".into(),
            has_logo: false,
            has_dark_logo: false,
            button_text: ButtonText::default(),
            active: true,
            account_access: false,
        }
    }

    #[test]
    fn only_registered_places_may_be_returned_to() {
        let shop = partner("https://shop.example/pay", false);
        for (url, allowed) in [
            ("https://shop.example/pay", true),
            ("https://shop.example/pay/7?cart=1", true),
            ("https://shop.example/payback", false),
            ("https://shop.example/", false),
            ("http://shop.example/pay", false),
            ("https://shop.example:8443/pay", false),
            ("https://shop.example.evil.example/pay", false),
            ("https://evil.example/pay?https://shop.example/pay", false),
            ("https://shop.example@evil.example/pay", false),
            ("https://user@shop.example/pay", false),
            ("https://shop.example/pay/../admin", false),
            ("https://shop.example/pay#x", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(shop.allows_redirect(&Url::parse(url).unwrap(), true), allowed, "{url}");
        }
        let flexible = partner("https://shop.example/pay", true);
        assert!(flexible.allows_redirect(&Url::parse("https://shop.example/other?x=1").unwrap(), true));
        assert!(!flexible.allows_redirect(&Url::parse("https://shop.example/other").unwrap(), false));
        assert!(!flexible.allows_redirect(&Url::parse("https://evil.example/pay").unwrap(), true));
    }

    #[test]
    fn what_a_payer_may_change() {
        for field in Field::ALL {
            let of_the_order = matches!(field, Field::CreditorName | Field::CreditorIban | Field::Amount | Field::Details);
            assert_eq!(PartnerKind::Ecommerce.editable(field), !of_the_order && field != Field::PartnerName);
            assert_eq!(PartnerKind::Finance.editable(field), field != Field::PartnerName);
        }
    }
}
