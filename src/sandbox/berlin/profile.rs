//! The banks as data: what each one's interface is like.

use crate::sandbox::BankCode;
use crate::sandbox::customers::Customer;
use crate::sandbox::ledger::{PaymentService, Word};

/// How the PSU authorises (NextGenPSD2 1.3.11 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Approach {
    /// In the browser, with OAuth2.
    OAuth,
    /// In the browser.
    Redirect,
    /// On the PSU's telephone.
    Decoupled,
    /// With a code that the TPP passes on.
    Embedded,
}

impl Approach {
    /// The `ASPSP-SCA-Approach` header.
    pub(in crate::sandbox) const fn header(self) -> &'static str {
        match self {
            Self::OAuth | Self::Redirect => "REDIRECT",
            Self::Decoupled => "DECOUPLED",
            Self::Embedded => "EMBEDDED",
        }
    }
}

/// Who starts the authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum StartedBy {
    /// The bank, with the order.
    Order,
    /// The TPP, by a call of its own.
    Tpp,
}

/// How the bank writes `_links`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum LinkStyle {
    /// Whole addresses.
    Absolute,
    /// From the host's root.
    FromHost,
    /// From the base path of the interface.
    FromBase,
    /// Whole addresses as plain strings, not as objects with a `href`.
    PlainStrings,
}

/// What a `PSU-ID` looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum PsuIdRule {
    /// The bank does not ask for it.
    None,
    /// Any text; it has to be known.
    Known,
    /// Eight digits, the first of them 3 or 4.
    EightDigits,
}

/// One bank.
#[derive(Debug)]
pub(in crate::sandbox) struct Profile {
    pub bank: BankCode,
    /// For people.
    pub name: &'static str,
    /// What the index says about it.
    pub about: &'static str,
    /// The bank's identifier in the IBANs it gives out.
    pub iban_code: &'static str,
    /// The payment product.
    pub product: &'static str,
    pub services: &'static [PaymentService],
    pub approach: Approach,
    pub started_by: StartedBy,
    pub psu_id: PsuIdRule,
    pub links: LinkStyle,
    /// Numbers and booleans are written as strings, and `psuMessage` stands inside `_links`.
    pub odd_json: bool,
    /// The word for an order that the bank itself refused.
    pub declined_word: Word,
    /// Wrong logins or codes that end an order.
    pub max_wrong_codes: u8,
    /// The first segment of the interface.
    pub version: &'static str,
    /// Every call names the TPP by its client id (`x-ibm-client-id`); elsewhere its certificate does.
    pub client_header: bool,
    /// What the bank calls an order on its way, where that is no word of ISO 20022.
    pub on_the_way: Option<&'static str>,
    /// How a consent to account information is asked for, at a bank that gives it.
    pub consents: Option<ConsentForm>,
    /// Amounts in euro are written as JSON numbers, against the standard.
    pub odd_amounts: bool,
    /// TPPs enrol themselves, at a portal.
    pub portal: bool,
}

/// What is sent to ask for a consent to account information (NextGenPSD2 1.3.11 §6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum ConsentForm {
    /// Nothing: the PSU decides on everything at the bank.
    Empty,
    /// The body of the standard.
    Standard,
}

const ONE: PaymentService = PaymentService::Payments;
const BULK: PaymentService = PaymentService::BulkPayments;
const PERIODIC: PaymentService = PaymentService::PeriodicPayments;

static CEC: Profile = Profile {
    bank: BankCode::Cec,
    name: "CEC",
    about: "redirecționare cu OAuth2 și PKCE; mai multe plăți într-un ordin",
    iban_code: "CECE",
    product: "sepa-credit-transfer",
    services: &[ONE, BULK],
    approach: Approach::OAuth,
    started_by: StartedBy::Tpp,
    psu_id: PsuIdRule::None,
    links: LinkStyle::Absolute,
    odd_json: false,
    declined_word: Word::Canc,
    max_wrong_codes: 3,
    version: "v1",
    client_header: true,
    on_the_way: None,
    consents: Some(ConsentForm::Empty),
    odd_amounts: true,
    portal: true,
};

static BRD: Profile = Profile {
    bank: BankCode::Brd,
    name: "BRD",
    about: "decuplat: clientul aprobă pe telefon; pornire explicită, cu ciudățenii văzute la bănci adevărate",
    iban_code: "BRDE",
    product: "sepa-credit-transfers",
    services: &[ONE],
    approach: Approach::Decoupled,
    started_by: StartedBy::Tpp,
    psu_id: PsuIdRule::EightDigits,
    links: LinkStyle::PlainStrings,
    odd_json: true,
    declined_word: Word::Rjct,
    max_wrong_codes: 3,
    version: "v1",
    client_header: false,
    on_the_way: None,
    consents: Some(ConsentForm::Standard),
    odd_amounts: false,
    portal: false,
};

static MOBIL: Profile = Profile {
    bank: BankCode::Mobil,
    name: "Banca Mobil",
    about: "decuplat: clientul aprobă pe telefon; cererea pleacă odată cu ordinul; ordine programate",
    iban_code: "MOBI",
    product: "sepa-credit-transfers",
    services: &[ONE, PERIODIC],
    approach: Approach::Decoupled,
    started_by: StartedBy::Order,
    psu_id: PsuIdRule::Known,
    links: LinkStyle::Absolute,
    odd_json: false,
    declined_word: Word::Rjct,
    max_wrong_codes: 3,
    version: "v1",
    client_header: false,
    on_the_way: None,
    consents: Some(ConsentForm::Standard),
    odd_amounts: false,
    portal: false,
};

static COD: Profile = Profile {
    bank: BankCode::Cod,
    name: "Banca Cod",
    about: "cod de unică folosință, dat comerciantului; mai multe plăți într-un ordin",
    iban_code: "CODB",
    product: "sepa-credit-transfers",
    services: &[ONE, BULK],
    approach: Approach::Embedded,
    started_by: StartedBy::Tpp,
    psu_id: PsuIdRule::Known,
    links: LinkStyle::FromHost,
    odd_json: false,
    declined_word: Word::Rjct,
    max_wrong_codes: 5,
    version: "v1",
    client_header: false,
    on_the_way: None,
    consents: Some(ConsentForm::Standard),
    odd_amounts: false,
    portal: false,
};

static LINK: Profile = Profile {
    bank: BankCode::Link,
    name: "Banca Link",
    about: "redirecționare simplă, fără OAuth2; mai multe plăți într-un ordin și ordine programate",
    iban_code: "LINK",
    product: "sepa-credit-transfers",
    services: &[ONE, BULK, PERIODIC],
    approach: Approach::Redirect,
    started_by: StartedBy::Order,
    psu_id: PsuIdRule::None,
    links: LinkStyle::Absolute,
    odd_json: false,
    declined_word: Word::Rjct,
    max_wrong_codes: 3,
    version: "v1",
    client_header: false,
    on_the_way: None,
    consents: Some(ConsentForm::Standard),
    odd_amounts: false,
    portal: false,
};

static PASI: Profile = Profile {
    bank: BankCode::Pasi,
    name: "Banca Doi Pași",
    about: "redirecționare simplă, fără OAuth2; pornire explicită",
    iban_code: "PASI",
    product: "sepa-credit-transfers",
    services: &[ONE],
    approach: Approach::Redirect,
    started_by: StartedBy::Tpp,
    psu_id: PsuIdRule::None,
    links: LinkStyle::FromBase,
    odd_json: false,
    declined_word: Word::Rjct,
    max_wrong_codes: 3,
    version: "v1",
    client_header: false,
    on_the_way: None,
    consents: Some(ConsentForm::Standard),
    odd_amounts: false,
    portal: false,
};

static BT: Profile = Profile {
    bank: BankCode::Bt,
    name: "Banca Transilvania",
    about: "redirecționare cu OAuth2 și PKCE; versiunea 2, ordinele pe drum se numesc Submit",
    iban_code: "BTRL",
    product: "ron-payment",
    services: &[ONE],
    approach: Approach::OAuth,
    started_by: StartedBy::Tpp,
    psu_id: PsuIdRule::None,
    links: LinkStyle::Absolute,
    odd_json: false,
    declined_word: Word::Rjct,
    max_wrong_codes: 3,
    version: "v2",
    client_header: false,
    on_the_way: Some("Submit"),
    consents: None,
    odd_amounts: false,
    portal: false,
};

static STANDARD: Profile = Profile {
    bank: BankCode::Standard,
    name: "Banca Standard",
    about: "standardul așa cum e scris: redirecționare cu OAuth2 și PKCE, conturi și fonduri",
    iban_code: "STDR",
    product: "sepa-credit-transfers",
    services: &[ONE, BULK],
    approach: Approach::OAuth,
    started_by: StartedBy::Tpp,
    psu_id: PsuIdRule::None,
    links: LinkStyle::Absolute,
    odd_json: false,
    declined_word: Word::Rjct,
    max_wrong_codes: 3,
    version: "v1",
    client_header: false,
    on_the_way: None,
    consents: Some(ConsentForm::Standard),
    odd_amounts: false,
    portal: false,
};

impl Profile {
    /// Whether the TPP has to send `PSU-ID`.
    pub(in crate::sandbox) fn asks_psu_id(&self) -> bool {
        self.psu_id != PsuIdRule::None
    }

    /// Whether requests or codes go to the customers' telephones.
    pub(in crate::sandbox) fn uses_phones(&self) -> bool {
        matches!(self.approach, Approach::Decoupled | Approach::Embedded)
    }

    /// How the bank knows this customer.
    pub(in crate::sandbox) fn psu_id_of(&self, customer: &Customer) -> &'static str {
        customer.at(self.bank).map_or("", |holding| holding.psu_id)
    }

    pub(in crate::sandbox) fn of(bank: BankCode) -> &'static Self {
        match bank {
            BankCode::Cec => &CEC,
            BankCode::Brd => &BRD,
            BankCode::Mobil => &MOBIL,
            BankCode::Cod => &COD,
            BankCode::Link => &LINK,
            BankCode::Pasi => &PASI,
            BankCode::Bt => &BT,
            BankCode::Standard => &STANDARD,
        }
    }
}
