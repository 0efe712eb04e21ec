//! The partner's pages as plain data.

use super::OwnForm;
use super::texts::PartnerTexts;
use crate::partner::{ButtonText, CertificateFacts, PartnerKind, RegisteredKey};
use crate::payment::Currency;
use crate::payment::limits::Action;
use crate::web::back_office::declared::DeclaredTable;
use crate::web::back_office::frame::OfficeShell;
use crate::web::back_office::proposals::ProposalLine;
use crate::web::back_office::webhooks::{EndpointLine, WebhookTexts};
use askama::Template;

/// A line of the list of partners.
#[derive(Clone, Debug)]
pub struct PartnerRow {
    /// Its page.
    pub href: String,
    /// The name payers see; hostile text.
    pub name: String,
    /// The id it presents at the gateway.
    pub client_id: String,
    /// What its payers may change.
    pub kind: &'static str,
    /// The currency of its payments.
    pub currency: &'static str,
    /// Whether it may call.
    pub active: bool,
    /// Whether it may though its onboarding file is not complete.
    pub without_file: bool,
}

/// A certificate that is about to end.
#[derive(Clone, Debug)]
pub struct EndingLine {
    /// The partner's page.
    pub href: String,
    /// The partner's name.
    pub partner: String,
    /// Subject.
    pub subject: String,
    /// When it ends, in words.
    pub when: String,
    /// Whether it ends within a week.
    pub is_urgent: bool,
}

/// The list of partners.
#[derive(Debug, Template)]
#[template(path = "back_office/partners.html", whitespace = "minimize")]
pub struct PartnerList {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts.
    pub t: &'static PartnerTexts,
    /// The partners by name.
    pub partners: Vec<PartnerRow>,
    /// What ends within 60 days, the first to end first.
    pub ending: Vec<EndingLine>,
    /// The page for a new one, where the role may.
    pub new: Option<&'static str>,
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The id of the field.
    pub anchor: &'static str,
    /// In words.
    pub text: &'static str,
}

/// The fields of a profile as they are shown.
#[derive(Clone, Debug, Default)]
pub struct ProfileFields {
    /// The id it presents at the gateway.
    pub client_id: String,
    /// The name payers see.
    pub name: String,
    /// `ecommerce` or `finance`.
    pub kind: String,
    /// ISO 4217.
    pub currency: String,
    /// `#rrggbb`.
    pub colour: String,
    /// The word of what the button says.
    pub button_text: String,
    /// Whether it may ask for access to accounts.
    pub account_access: bool,
    /// Whether it may send applications of sub-merchants.
    pub may_onboard: bool,
}

impl ProfileFields {
    pub(super) const KINDS: [PartnerKind; 2] = [PartnerKind::Ecommerce, PartnerKind::Finance];
    pub(super) const CURRENCIES: [Currency; 3] = [Currency::Ron, Currency::Eur, Currency::Rsd];

    fn kinds() -> [PartnerKind; 2] {
        Self::KINDS
    }

    fn currencies() -> [Currency; 3] {
        Self::CURRENCIES
    }

    fn buttons() -> [ButtonText; 5] {
        ButtonText::ALL
    }

    /// What payers read on the button.
    fn button_words(t: &PartnerTexts, button: &ButtonText) -> &'static str {
        match button {
            ButtonText::PayAmount => t.button_pay_amount,
            ButtonText::Pay => t.button_pay,
            ButtonText::Confirm => t.button_confirm,
            ButtonText::Donate => t.button_donate,
            ButtonText::TopUp => t.button_top_up,
        }
    }

    /// What payers read on the chosen button.
    fn chosen_button(&self, t: &PartnerTexts) -> &'static str {
        Self::button_words(t, &ButtonText::parse(&self.button_text).unwrap_or_default())
    }

    fn kind_word(t: &PartnerTexts, kind: &PartnerKind) -> &'static str {
        match kind {
            PartnerKind::Ecommerce => t.ecommerce,
            PartnerKind::Finance => t.finance,
        }
    }
}

/// The page for a new partner.
#[derive(Debug, Template)]
#[template(path = "back_office/partner_new.html", whitespace = "minimize")]
pub struct NewPartner {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts.
    pub t: &'static PartnerTexts,
    /// The form.
    pub form: OwnForm,
    /// What was typed.
    pub fields: ProfileFields,
    /// What was wrong.
    pub problems: Vec<Problem>,
}

/// A certificate as a partner's page shows it.
#[derive(Clone, Debug)]
pub struct CertificateLine {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Kind and size of its key; empty when not known.
    pub key: String,
    /// From when until when; what is not known is said.
    pub valid: String,
    /// A warning when it ends within 60 days.
    pub ends: Option<String>,
    /// SHA-256 in groups; empty when any of the subject is accepted.
    pub fingerprint: String,
    /// What the form that removes it posts; empty where that cannot be.
    pub sha256: String,
}

/// Where a partner's onboarding file stands, in words.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// In a word.
    pub state: &'static str,
    /// How that looks.
    pub tone: &'static str,
    /// The file's page, where the role may open it.
    pub href: Option<String>,
    /// Whether the partner is active though the file is not complete.
    pub is_warned_of: bool,
}

/// The platform through which a partner came.
#[derive(Clone, Debug)]
pub struct CameThrough {
    /// The platform's name.
    pub platform: String,
    /// The platform's page.
    pub platform_href: String,
    /// The application's page.
    pub application_href: Option<String>,
}

/// A declared figure as a partner's page shows it.
#[derive(Clone, Debug)]
pub struct FigureLine {
    /// The name of its field.
    pub field: &'static str,
    /// In words.
    pub name: &'static str,
    /// Whether it is an amount.
    pub is_amount: bool,
    /// As it is typed; empty when it is not declared.
    pub most: String,
    /// What follows beyond it.
    pub action: Action,
    /// What was counted today; empty where nothing is.
    pub today: String,
}

impl FigureLine {
    fn warns(&self) -> bool {
        self.action == Action::Warn
    }
}

/// How well the colour can be read.
#[derive(Clone, Debug)]
pub struct ContrastLine {
    /// Where.
    pub place: &'static str,
    /// The colour that is used there.
    pub colour: String,
    /// Its contrast, such as `5.2 : 1`.
    pub ratio: String,
}

/// What is shown before a certificate is proposed.
#[derive(Clone, Debug)]
pub struct CertificateToPropose {
    /// What was read of it.
    pub line: CertificateLine,
    /// The certificate, PEM.
    pub pem: String,
}

/// With which keys a partner signs its requests.
#[derive(Clone, Debug, Default)]
pub struct SignaturesView {
    /// Whether it must.
    pub required: bool,
    /// The keys.
    pub keys: Vec<RegisteredKey>,
    /// What stands in the form: a JWK Set, or what was typed.
    pub text: String,
    /// Whether the form asks for signatures.
    pub asks: bool,
}

/// The forms of a partner's page, where the role may use them.
#[derive(Clone, Debug)]
pub struct Forms {
    /// Name, kind, currency, colour.
    pub profile: OwnForm,
    /// The logo.
    pub logo: OwnForm,
    /// Reads a certificate.
    pub read: OwnForm,
    /// Proposes the one that was read.
    pub certificate: OwnForm,
    /// Proposes to remove one.
    pub remove: OwnForm,
    /// Redirect URLs.
    pub redirects: OwnForm,
    /// Declared figures.
    pub limits: OwnForm,
    /// Keys of signed requests.
    pub signatures: OwnForm,
    /// Activation or deactivation.
    pub activation: OwnForm,
}

/// A partner's page.
#[derive(Debug, Template)]
#[template(path = "back_office/partner.html", whitespace = "minimize")]
pub struct PartnerPage {
    /// What stands around the page.
    pub shell: OfficeShell,
    /// The texts.
    pub t: &'static PartnerTexts,
    /// The name payers see; hostile text.
    pub name: String,
    /// Whether it may call.
    pub active: bool,
    /// Where its onboarding file stands.
    pub file: FileLine,
    /// The platform through which it came, and the application, where the role may see them.
    pub came_through: Option<CameThrough>,
    /// What was done just now.
    pub notice: Option<&'static str>,
    /// What was wrong.
    pub problems: Vec<Problem>,
    /// The profile.
    pub fields: ProfileFields,
    /// How well the colour can be read.
    pub contrast: Vec<ContrastLine>,
    /// The logo's address.
    pub logo: Option<String>,
    /// The address of the logo for dark screens.
    pub dark_logo: Option<String>,
    /// Its certificates.
    pub certificates: Vec<CertificateLine>,
    /// The one that was read just now.
    pub to_propose: Option<CertificateToPropose>,
    /// Redirect URLs, one a line.
    pub redirects: String,
    /// Whether path and query may vary.
    pub flexible: bool,
    /// Signed requests.
    pub signatures: SignaturesView,
    /// The texts of webhooks.
    pub w: &'static WebhookTexts,
    /// Its webhook endpoints.
    pub webhooks: Vec<EndpointLine>,
    /// Their page.
    pub webhooks_href: String,
    /// Declared figures.
    pub figures: Vec<FigureLine>,
    /// What was declared against what was done.
    pub declared: DeclaredTable,
    /// The currency of the figures that are amounts.
    pub currency: &'static str,
    /// Proposals about it, newest first.
    pub proposals: Vec<ProposalLine>,
    /// The page a payer would see.
    pub preview: String,
    /// Where one proves to be there before proposing anything.
    pub confirm: Option<String>,
    /// The forms, where the role may use them.
    pub forms: Option<Forms>,
}

impl CertificateLine {
    /// A fingerprint as people compare it: pairs of four digits.
    pub(super) fn grouped(sha256: &str) -> String {
        let digits: Vec<char> = sha256.chars().collect();
        let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }

    /// What was read of a certificate.
    pub(super) fn of_facts(facts: &CertificateFacts, valid: String) -> Self {
        Self {
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone(),
            key: facts.key_kind.clone(),
            valid,
            ends: None,
            fingerprint: Self::grouped(&facts.sha256),
            sha256: facts.sha256.clone(),
        }
    }
}
