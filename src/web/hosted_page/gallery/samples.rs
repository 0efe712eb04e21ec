//! What the states are shown with: invented people, shops and orders, as typed as the real ones.

use crate::clock::Timestamp;
use crate::consent::{self, ConsentId};
use crate::partner::{ButtonText, Partner, PartnerKind};
use crate::payment::{Amount, Currency, Frequency, Iban, Instruction, PaymentId, Schedule, Status};
use crate::store::consents::Consent;
use crate::store::payments::Payment;
use chrono::{Days, TimeDelta};
use url::Url;

/// The creditor's account.
pub(super) const CREDITOR: &str = "RO49AAAA1B31007593840000";
/// The payer's account.
pub(super) const DEBTOR: &str = "RO30CECEB00030RON0001001";
/// The payer's address.
pub(super) const MAIL: &str = "ioana.marin@exemplu.ro";
/// The payer's bank.
pub(super) const BANK: &str = "cec";
/// Where the partner would be; the pages lead back to the gallery instead.
const SHOP: &str = "https://librarie.exemplu.ro/multumim";
/// An id that stands on every page; no link with it opens anything.
const NOBODYS: [u8; 16] = [0; 16];

/// A shop, or an accounting program.
pub(super) fn partner(kind: PartnerKind, currency: Currency) -> Partner {
    let name = match kind {
        PartnerKind::Ecommerce => "Librăria Foișor",
        PartnerKind::Finance => "Contabilitatea Mea",
    };
    Partner {
        id: String::new(),
        client_id: "gallery".into(),
        name: name.into(),
        kind,
        currency,
        certificate_subject: String::new(),
        certificate_issuer: String::new(),
        certificate_sha256: None,
        redirect_urls: Vec::new(),
        flexible_redirect: false,
        colour: super::COLOUR.into(),
        has_logo: false,
        has_dark_logo: false,
        button_text: ButtonText::default(),
        active: true,
        account_access: true,
    }
}

/// A credit transfer, the `number`th of its order.
pub(super) fn instruction(number: usize, currency: Currency) -> Option<Instruction> {
    let creditor = if currency == Currency::Rsd {
        "RS35260005601001611379"
    } else {
        CREDITOR
    };
    Some(Instruction {
        creditor_name: if number == 1 {
            "Foișor Carte SRL".into()
        } else {
            format!("Furnizor {number} SRL")
        },
        creditor_iban: Iban::parse(creditor).ok()?,
        amount: Amount {
            minor: 12_345 + 1_000 * i64::try_from(number).ok()?,
            currency,
        },
        details: format!("Comanda 47{number:02}, cărți și țigle"),
        end_to_end_id: format!("F-47{number:02}"),
        giro: (currency == Currency::Rsd).then(Default::default),
    })
}

/// So many of them, in one order.
pub(super) fn instructions(count: usize, currency: Currency) -> Option<Vec<Instruction>> {
    (1..=count).map(|number| instruction(number, currency)).collect()
}

/// A standing order's days.
pub(super) fn monthly(now: Timestamp) -> Schedule {
    Schedule {
        start_date: now.date() + Days::new(5),
        frequency: Frequency::Monthly,
        day_of_execution: Some(15),
    }
}

/// A payment of one instruction where the payer has filled in everything; a status other than
/// [`Status::Created`] has been at the bank.
pub(super) fn payment(now: Timestamp, status: Status) -> Option<Payment> {
    let begun = status != Status::Created;
    Some(Payment {
        id: PaymentId::from_random(NOBODYS),
        partner_id: String::new(),
        status,
        bank_word: None,
        reason: None,
        version: 1,
        lease_until: None,
        due_at: None,
        attempts: i32::from(begun),
        polls: 0,
        flexible_url: false,
        link_to_pay: false,
        headless: false,
        external_payment_id: Some("4701".into()),
        request_hash: None,
        link_state: Some(String::new()),
        redirect_url: Some(SHOP.into()),
        language: None,
        terms_accepted: begun,
        currency: Currency::Ron,
        psu_id_at_partner: None,
        psu_email: Some(MAIL.into()),
        debtor_iban: Iban::parse(DEBTOR).ok(),
        bank_code: Some(BANK.into()),
        browser_hash: None,
        confirmed_hash: None,
        callback_hash: None,
        bank_payment_id: None,
        bank_session: None,
        psu_step: None,
        notice: None,
        created_at: now - TimeDelta::minutes(4),
        updated_at: now,
        expires_at: now + TimeDelta::minutes(26),
        ended_at: status.is_final().then_some(now),
        schedule: None,
        code_tries: 0,
        hand_over_hash: None,
        hand_over_until: None,
        doubted: false,
        search_stamp: None,
        extendable_until: Some(now + TimeDelta::minutes(300)),
        instructions: instructions(1, Currency::Ron)?,
        instruction_words: Vec::new(),
        instruction_texts: Vec::new(),
    })
}

/// A payment as the payer finds it: nothing of the payer's own is known.
pub(super) fn untouched(now: Timestamp) -> Option<Payment> {
    Some(Payment {
        psu_email: None,
        debtor_iban: None,
        bank_code: None,
        ..payment(now, Status::Created)?
    })
}

/// A consent, asked for by the accounting program.
pub(super) fn consent(now: Timestamp, status: consent::Status, kind: consent::Kind) -> Consent {
    Consent {
        id: ConsentId::from_random(NOBODYS),
        partner_id: String::new(),
        payment: None,
        status,
        bank_word: None,
        reason: None,
        bank_code: Some(BANK.into()),
        kind,
        recurring: true,
        valid_until: Some(now.date() + Days::new(90)),
        request_hash: None,
        link_state: Some(String::new()),
        redirect_url: Some(SHOP.into()),
        language: None,
        psu_id_at_partner: None,
        browser_hash: None,
        callback_hash: None,
        session: None,
        psu_step: None,
        page: None,
        notice: None,
        attempts: 0,
        polls: 0,
        version: 1,
        lease_until: None,
        due_at: None,
        expires_at: now + TimeDelta::minutes(26),
        created_at: now,
        updated_at: now,
        ended_at: None,
    }
}

/// The bank's own page.
pub(super) fn bank_page() -> Option<Url> {
    Url::parse("https://online.banca.exemplu.ro/autorizare?cerere=4701").ok()
}
