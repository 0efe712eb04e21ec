//! The rules of the payment form: which values are read, when they are right, what the payer confirmed.

use crate::bank::directory::PsuIdRule;
use crate::flow::edit_instruction::EditedInstruction;
use crate::flow::init_payment::CannotTake;
use crate::partner::profile::{Field, PartnerKind};
use crate::payment::amount::AmountError;
use crate::payment::iban::wanting;
use crate::payment::order::{MAX_DETAILS_CHARS, MAX_NAME_CHARS};
use crate::payment::text::{for_bank, has_forbidden_characters, is_email};
use crate::payment::{Amount, Currency, Iban, Language};
use serde::{Deserialize, Serialize};
use validator::ValidateLength;

/// Longest e-mail address, in characters (RFC 5321 section 4.5.3.1.3, errata 1690).
pub const MAX_EMAIL_CHARS: u64 = crate::payment::text::MAX_EMAIL_CHARS as u64;
/// Longest user code at a bank, in characters.
pub const MAX_USER_CODE_CHARS: u64 = 35;

/// The form as it was posted. Hostile: anyone can post anything, and leave anything out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormInput {
    /// Who receives the money.
    pub creditor_name: String,
    /// The account that receives it.
    pub creditor_iban: String,
    /// How much, as people type it.
    pub amount: String,
    /// Remittance information.
    pub details: String,
    /// The code of the PSU's bank.
    pub bank: String,
    /// The PSU's account.
    pub debtor_iban: String,
    /// The PSU's e-mail address.
    pub email: String,
    /// The PSU's user code at the bank. Never stored.
    #[serde(skip_serializing)]
    pub user_code: String,
    /// Not empty when the terms were accepted.
    pub terms: String,
}

impl std::fmt::Debug for FormInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormInput").field("bank", &self.bank).finish_non_exhaustive()
    }
}

/// What the partner said when it created the payment.
#[derive(Clone, Debug)]
pub struct KnownOrder {
    /// The currency of every amount of this partner.
    pub currency: Currency,
    /// Who receives the money.
    pub creditor_name: Option<String>,
    /// The account that receives it.
    pub creditor_iban: Option<Iban>,
    /// How much.
    pub amount: Option<Amount>,
    /// Remittance information.
    pub details: Option<String>,
    /// The code of the PSU's bank: a preselection.
    pub bank: Option<String>,
    /// The PSU's account: a preselection.
    pub debtor_iban: Option<Iban>,
    /// The PSU's e-mail address: a preselection.
    pub email: Option<String>,
    /// The PSU accepted the terms at the partner's.
    pub terms_accepted: bool,
    /// The creditors' accounts, where there are several payments: those are edited one by one, elsewhere.
    pub several: Option<Vec<Iban>>,
}

/// A bank the PSU may pay from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankChoice {
    /// Our code of the bank.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether it can be used now.
    pub active: bool,
    /// The bank identifiers of its IBANs (Romania: four letters). They suggest a bank, nothing more.
    pub iban_codes: Vec<String>,
    /// Whether it must know the PSU's user code before it can ask for the approval.
    pub needs_user_code: bool,
    /// What the bank calls that code, and which form it has.
    pub psu_id: Option<PsuIdRule>,
    /// Why it cannot be given this order.
    pub cannot: Option<CannotTake>,
    /// What payers read while it is switched off.
    pub off: Option<OffMessage>,
    /// Its last calls all failed: it can be chosen, with a warning.
    pub silent: bool,
}

/// What payers read of a bank that is switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffMessage {
    /// In Romanian.
    pub ro: String,
    /// In English.
    pub en: String,
}

impl OffMessage {
    /// In a language.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Ro => &self.ro,
            Language::En => &self.en,
        }
    }
}

impl BankChoice {
    /// Whether it can be chosen for this order.
    #[must_use]
    pub const fn usable(&self) -> bool {
        self.active && self.cannot.is_none() && self.off.is_none()
    }
}

/// Everything the PSU confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The one payment; `None` where there are several.
    pub instruction: Option<EditedInstruction>,
    /// The code of an active bank.
    pub bank: String,
    /// The PSU's account.
    pub debtor_iban: Iban,
    /// The PSU's e-mail address.
    pub email: String,
    /// The PSU's user code, exactly when the bank needs it.
    pub user_code: Option<String>,
}

impl std::fmt::Debug for Confirmed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Confirmed").field("bank", &self.bank).finish_non_exhaustive()
    }
}

/// Why a field cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// Nothing there.
    Required,
    /// More characters than this.
    TooLong(u64),
    /// Line breaks, control characters, text-direction overrides.
    ForbiddenCharacters,
    /// Nothing would be left after transliteration for the bank.
    NothingForBank,
    /// Not a valid IBAN.
    InvalidIban,
    /// So many characters of the IBAN are missing.
    IbanTooShort(u64),
    /// So many characters too many.
    IbanTooLong(u64),
    /// An account outside Serbia, where dinars are paid.
    NotSerbian,
    /// The payer's account is the creditor's.
    SameIban,
    /// Not an amount.
    Amount(AmountError),
    /// Not an e-mail address.
    InvalidEmail,
    /// A bank that is not in the list.
    UnknownBank,
    /// A bank that cannot be used now.
    BankUnavailable,
    /// A bank that is switched off: its own message says why.
    BankOff,
    /// A bank that cannot be given this order.
    BankCannot(CannotTake),
    /// Not in the form of the chosen bank's user codes.
    NotAUserCode,
    /// The terms were not accepted.
    TermsNotAccepted,
}

/// What became of a posted form.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Fields that were not the PSU's to change and came back with another value. Their value was not used.
    pub tampered: Vec<Field>,
    /// The confirmed values, or what is wrong, in the order of the form.
    pub outcome: Result<Confirmed, Vec<(Field, FieldError)>>,
}

/// Checks a posted form against what the partner said. Fields that are not editable for the partner's kind
/// are taken from `known`, whatever was posted.
#[must_use]
pub fn validate(input: &FormInput, known: &KnownOrder, kind: PartnerKind, banks: &[BankChoice]) -> Checked {
    let mut errors = Vec::new();
    let mut keep = Errors(&mut errors);
    let instruction = match &known.several {
        None => instruction(&mut keep, input, known, kind).map(Some),
        Some(_) => Some(None),
    };
    let bank = keep.value(Field::Bank, bank(&input.bank, banks));
    let debtor_iban = keep.value(
        Field::DebtorIban,
        debtor_iban(&input.debtor_iban, known.currency, |debtor| {
            is_creditors(debtor, &instruction, known)
        }),
    );
    let email = keep.value(Field::Email, email(&input.email));
    let user_code = keep.value(Field::UserCode, user_code(&input.user_code, bank));
    let terms = if known.terms_accepted || !input.terms.trim().is_empty() {
        Ok(())
    } else {
        Err(FieldError::TermsNotAccepted)
    };
    let terms = keep.value(Field::Terms, terms);
    let confirmed = (|| {
        terms?;
        Some(Confirmed {
            instruction: instruction?,
            bank: bank?.code.clone(),
            debtor_iban: debtor_iban?,
            email: email?,
            user_code: user_code?,
        })
    })();
    Checked {
        tampered: tampered(input, known, kind),
        outcome: confirmed.ok_or(errors),
    }
}

/// Checks one of several payments as the PSU edited it. `known` is that payment.
///
/// # Errors
/// What is wrong, in the order of the form.
pub fn validate_one(input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Result<EditedInstruction, Vec<(Field, FieldError)>> {
    let mut errors = Vec::new();
    instruction(&mut Errors(&mut errors), input, known, kind).ok_or(errors)
}

fn instruction(keep: &mut Errors<'_>, input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Option<EditedInstruction> {
    let creditor_name = keep.value(Field::CreditorName, creditor_name(input, known, kind));
    let creditor_iban = keep.value(Field::CreditorIban, creditor_iban(input, known, kind));
    let amount = keep.value(Field::Amount, amount(input, known, kind));
    let details = keep.value(Field::Details, details(input, known, kind));
    Some(EditedInstruction {
        creditor_name: creditor_name?,
        creditor_iban: creditor_iban?,
        amount: amount?,
        details: details?,
    })
}

/// The bank whose accounts an IBAN looks like: a suggestion, because some institutions hold accounts under
/// another bank's identifier.
#[must_use]
pub fn suggest_bank<'a>(debtor_iban: &str, banks: &'a [BankChoice]) -> Option<&'a BankChoice> {
    let iban = Iban::parse_pasted(debtor_iban).ok()?;
    let identifier = iban.bank_identifier()?;
    banks.iter().find(|b| b.usable() && b.iban_codes.iter().any(|c| c == identifier))
}

struct Errors<'a>(&'a mut Vec<(Field, FieldError)>);

impl Errors<'_> {
    fn value<T>(&mut self, field: Field, checked: Result<T, FieldError>) -> Option<T> {
        checked.map_err(|error| self.0.push((field, error))).ok()
    }
}

fn required(text: &str) -> Result<&str, FieldError> {
    let text = text.trim();
    if text.is_empty() { Err(FieldError::Required) } else { Ok(text) }
}

/// A text that will be sent to a bank.
fn bank_text(text: &str, max_chars: usize) -> Result<String, FieldError> {
    let text = required(text)?;
    if text.chars().count() > max_chars {
        return Err(FieldError::TooLong(max_chars as u64));
    }
    if has_forbidden_characters(text) {
        return Err(FieldError::ForbiddenCharacters);
    }
    if for_bank(text, max_chars).is_empty() {
        return Err(FieldError::NothingForBank);
    }
    Ok(text.to_owned())
}

fn creditor_name(input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Result<String, FieldError> {
    if kind.editable(Field::CreditorName) {
        return bank_text(&input.creditor_name, MAX_NAME_CHARS);
    }
    known.creditor_name.clone().ok_or(FieldError::Required)
}

fn creditor_iban(input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Result<Iban, FieldError> {
    if kind.editable(Field::CreditorIban) {
        return iban(&input.creditor_iban, known.currency);
    }
    known.creditor_iban.clone().ok_or(FieldError::Required)
}

fn amount(input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Result<Amount, FieldError> {
    if kind.editable(Field::Amount) {
        return Amount::parse_typed(required(&input.amount)?, known.currency).map_err(FieldError::Amount);
    }
    known.amount.ok_or(FieldError::Required)
}

fn details(input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Result<String, FieldError> {
    if kind.editable(Field::Details) {
        return bank_text(&input.details, MAX_DETAILS_CHARS);
    }
    known.details.clone().ok_or(FieldError::Required)
}

/// An account that can pay or be paid in this currency: dinars stay in Serbia.
fn iban(text: &str, currency: Currency) -> Result<Iban, FieldError> {
    let iban = Iban::parse_pasted(required(text)?).map_err(|_| match wanting(text) {
        Some(n @ 1..) => FieldError::IbanTooShort(n.unsigned_abs() as u64),
        Some(n) => FieldError::IbanTooLong(n.unsigned_abs() as u64),
        None => FieldError::InvalidIban,
    })?;
    if currency == Currency::Rsd && iban.serbian_account().is_none() {
        return Err(FieldError::NotSerbian);
    }
    Ok(iban)
}

/// Whether money would go back to the account it comes from.
fn is_creditors(debtor: &Iban, instruction: &Option<Option<EditedInstruction>>, known: &KnownOrder) -> bool {
    let of_one = instruction.as_ref().and_then(Option::as_ref).map(|i| &i.creditor_iban);
    of_one == Some(debtor) || known.several.as_ref().is_some_and(|several| several.contains(debtor))
}

fn debtor_iban(text: &str, currency: Currency, is_creditors: impl Fn(&Iban) -> bool) -> Result<Iban, FieldError> {
    let debtor = iban(text, currency)?;
    if is_creditors(&debtor) {
        return Err(FieldError::SameIban);
    }
    Ok(debtor)
}

fn bank<'a>(code: &str, banks: &'a [BankChoice]) -> Result<&'a BankChoice, FieldError> {
    let code = required(code)?;
    let bank = banks.iter().find(|b| b.code == code).ok_or(FieldError::UnknownBank)?;
    match bank.cannot {
        _ if !bank.active => Err(FieldError::BankUnavailable),
        _ if bank.off.is_some() => Err(FieldError::BankOff),
        Some(cannot) => Err(FieldError::BankCannot(cannot)),
        None => Ok(bank),
    }
}

fn email(text: &str) -> Result<String, FieldError> {
    let text = required(text)?;
    if !text.validate_length(None, Some(MAX_EMAIL_CHARS), None) {
        return Err(FieldError::TooLong(MAX_EMAIL_CHARS));
    }
    if !is_email(text) {
        return Err(FieldError::InvalidEmail);
    }
    Ok(text.to_owned())
}

/// The user code, when the chosen bank needs it; without a bank it is not asked yet. Spaces are how people write
/// a number, and are left out where the bank's codes have none.
///
/// # Errors
/// [`FieldError`] when the bank needs one and this cannot be it.
pub fn user_code(text: &str, bank: Option<&BankChoice>) -> Result<Option<String>, FieldError> {
    let Some(bank) = bank.filter(|b| b.needs_user_code) else {
        return Ok(None);
    };
    let text = required(text)?;
    if !text.validate_length(None, Some(MAX_USER_CODE_CHARS), None) {
        return Err(FieldError::TooLong(MAX_USER_CODE_CHARS));
    }
    if has_forbidden_characters(text) {
        return Err(FieldError::ForbiddenCharacters);
    }
    let joined: String = text.split_whitespace().collect();
    match &bank.psu_id {
        Some(rule) if rule.accepts(text) => Ok(Some(text.to_owned())),
        Some(rule) if rule.accepts(&joined) => Ok(Some(joined)),
        Some(_) => Err(FieldError::NotAUserCode),
        None => Ok(Some(text.to_owned())),
    }
}

/// The fields that are not the PSU's to change and came back changed. A field left out, or written in
/// another way, is not tampering.
fn tampered(input: &FormInput, known: &KnownOrder, kind: PartnerKind) -> Vec<Field> {
    let name = Some(input.creditor_name.trim()) == known.creditor_name.as_deref().map(str::trim);
    let details = Some(input.details.trim()) == known.details.as_deref().map(str::trim);
    let iban = Iban::parse_pasted(&input.creditor_iban).ok() == known.creditor_iban && known.creditor_iban.is_some();
    let amount = Amount::parse_typed(&input.amount, known.currency).ok() == known.amount && known.amount.is_some();
    [
        (Field::CreditorName, &input.creditor_name, name),
        (Field::CreditorIban, &input.creditor_iban, iban),
        (Field::Amount, &input.amount, amount),
        (Field::Details, &input.details, details),
    ]
    .into_iter()
    .filter(|(field, posted, same)| !kind.editable(*field) && !posted.trim().is_empty() && !same)
    .map(|(field, ..)| field)
    .collect()
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
