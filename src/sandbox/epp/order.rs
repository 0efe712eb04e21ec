//! A payment order: how it is read and checked, how it stands, how it is shown.

use super::users::{self, KNOWN_BANKS, User};
use crate::clock::Timestamp;
use crate::payment::iban::Iban;
use crate::sandbox::money::parse_minor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A payment order as it was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// The bank's number of it.
    pub id: u64,
    /// Login name of the service account.
    pub user: String,
    /// Purpose („svrha plaćanja”).
    pub payment_basis: String,
    /// „Šifra plaćanja”.
    pub payment_code: String,
    /// Amount in para.
    pub amount_minor: i64,
    /// 18 digits.
    pub debtor_bank_account: String,
    /// Model of the debtor's reference.
    pub debtor_code_model: String,
    /// The debtor's reference.
    pub debtor_code: String,
    /// Who gets the money.
    pub creditor_name: String,
    /// Where they are.
    pub creditor_address: String,
    /// 18 digits.
    pub creditor_bank_account: String,
    /// Model of the creditor's reference.
    pub creditor_code_model: String,
    /// The creditor's reference.
    pub creditor_code: String,
    /// At once.
    pub urgent_payment: bool,
    /// The caller's own id.
    pub external_id: String,
    /// The caller's tags.
    pub user_tags: Vec<String>,
    /// The caller's words.
    pub comment: String,
}

/// An order as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// What was ordered.
    pub received: Received,
    /// When.
    pub created_at: Timestamp,
    /// The payment (`pa-…`) that was started last with it.
    pub started: Option<String>,
    /// The confirmed payment (`p-…`), and when.
    pub confirmed: Option<(String, Timestamp)>,
    /// When it was begun to be carried out.
    pub begun_at: Option<Timestamp>,
    /// How it ended: the transaction's id or why not, and when.
    pub ended: Option<(Result<String, String>, Timestamp)>,
}

/// Why an order is not taken: the error's name and what it says.
pub(super) type Refusal = (&'static str, String);

fn text(item: &Value, name: &str) -> String {
    item.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

/// Reads an order as it arrived (PascalCase). The id is not given yet.
pub(super) fn read(item: &Value, user: &User) -> Result<Received, Refusal> {
    let amount = match item.get("Amount") {
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(("InvalidAmount", "Iznos nije broj".to_owned())),
    };
    let amount_minor = parse_minor(&amount).ok_or(("InvalidAmount", "Iznos nije ispravan".to_owned()))?;
    let tags = item.get("UserTags").and_then(Value::as_array).cloned().unwrap_or_default();
    let received = Received {
        id: 0,
        user: user.login.to_owned(),
        payment_basis: text(item, "PaymentBasis"),
        payment_code: text(item, "PaymentCode"),
        amount_minor,
        debtor_bank_account: text(item, "DebtorBankAccount"),
        debtor_code_model: text(item, "DebtorCodeModel"),
        debtor_code: text(item, "DebtorCode"),
        creditor_name: text(item, "CreditorName"),
        creditor_address: text(item, "CreditorAddress"),
        creditor_bank_account: text(item, "CreditorBankAccount"),
        creditor_code_model: text(item, "CreditorCodeModel"),
        creditor_code: text(item, "CreditorCode"),
        urgent_payment: item.get("UrgentPayment").and_then(Value::as_bool).unwrap_or_default(),
        external_id: text(item, "ExternalId"),
        user_tags: tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        comment: text(item, "Comment"),
    };
    check(&received, user)?;
    Ok(received)
}

fn check(order: &Received, user: &User) -> Result<(), Refusal> {
    let number = |text: &str| text.len() == 18 && text.bytes().all(|b| b.is_ascii_digit()) && Iban::parse(text).is_ok();
    let code = &order.payment_code;
    let checks = [
        (order.amount_minor > 0, "InvalidAmount", "Iznos mora biti veći od nule"),
        (
            !order.payment_basis.is_empty() && order.payment_basis.chars().count() <= 140,
            "InvalidPaymentBasis",
            "Svrha plaćanja nije ispravna",
        ),
        (
            code.len() == 3 && code.starts_with(['1', '2']) && code.bytes().all(|b| b.is_ascii_digit()),
            "InvalidPaymentCode",
            "Šifra plaćanja nije ispravna",
        ),
        (
            user.accounts.iter().any(|a| a.number == order.debtor_bank_account),
            "InvalidDebtorBankAccount",
            "Nemate ovlašćenje za račun platioca",
        ),
        (!order.creditor_name.is_empty(), "InvalidCreditorName", "Naziv primaoca je obavezan"),
        (
            number(&order.creditor_bank_account),
            "InvalidCreditorBankAccount",
            "Račun primaoca nije ispravan",
        ),
        (
            order.creditor_bank_account.get(..3).is_some_and(|bank| KNOWN_BANKS.contains(&bank)),
            "UnknownCreditorBank",
            "Banka primaoca ne postoji",
        ),
        (
            order.creditor_bank_account != order.debtor_bank_account,
            "SameBankAccount",
            "Račun primaoca je isti kao račun platioca",
        ),
        (
            is_controlled(&order.debtor_code_model, &order.debtor_code),
            "InvalidDebtorCode",
            "Poziv na broj zaduženja nije ispravan",
        ),
        (
            is_controlled(&order.creditor_code_model, &order.creditor_code),
            "InvalidCreditorCode",
            "Poziv na broj odobrenja nije ispravan",
        ),
    ];
    match checks.into_iter().find(|(good, ..)| !good) {
        Some((_, name, words)) => Err((name, words.to_owned())),
        None => Ok(()),
    }
}

/// Model 97: the control digits in front, over the rest (ISO 7064 MOD 97-10). The bank takes 97, 11 and none.
fn is_controlled(model: &str, reference: &str) -> bool {
    match model {
        "" | "11" => true,
        "97" => {
            let plain: Vec<u8> = reference.bytes().filter(|b| *b != b'-').collect();
            let mut turned = plain.get(2..).into_iter().chain(plain.get(..2)).flatten();
            let rest = turned.try_fold(0_u32, |rest, byte| match byte {
                b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
                b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
                _ => None,
            });
            plain.len() > 2 && rest == Some(1)
        }
        _ => false,
    }
}

impl Order {
    pub(super) fn open(received: Received, at: Timestamp) -> Self {
        Self {
            received,
            created_at: at,
            started: None,
            confirmed: None,
            begun_at: None,
            ended: None,
        }
    }

    /// The order as the interface shows it; `waiting` is the payment that waits for a code now.
    pub(super) fn shown(&self, waiting: Option<&str>) -> Value {
        let order = &self.received;
        let paid = match &self.ended {
            Some((Ok(id), at)) => (Some(id.clone()), None, Some(*at)),
            Some((Err(message), _)) => (None, Some(message.clone()), None),
            None => (None, None, None),
        };
        let tags = waiting
            .map(str::to_owned)
            .into_iter()
            .chain(self.confirmed.as_ref().map(|(tag, _)| tag.clone()));
        json!({
            "id": order.id,
            "paymentBasis": order.payment_basis,
            "paymentCode": order.payment_code,
            "amount": amount(order.amount_minor),
            "debtorBankAccount": order.debtor_bank_account,
            "debtorCodeModel": order.debtor_code_model,
            "debtorCode": order.debtor_code,
            "creditorName": order.creditor_name,
            "creditorAddress": order.creditor_address,
            "creditorBankAccount": order.creditor_bank_account,
            "creditorCodeModel": order.creditor_code_model,
            "creditorCode": order.creditor_code,
            "urgentPayment": order.urgent_payment,
            "externalId": order.external_id,
            "userTags": order.user_tags,
            "systemTags": tags.collect::<Vec<_>>(),
            "comment": order.comment,
            "createdAt": moment(self.created_at),
            "transactionId": paid.0,
            "transactionMessage": paid.1,
            "transactionStartDate": self.begun_at.map(moment),
            "transactionEndDate": self.ended.as_ref().map(|(_, at)| moment(*at)),
            "paymentDate": paid.2.map(|at| at.date().to_string()),
        })
    }

    /// The account that gets the money.
    #[must_use]
    pub fn creditor_iban(&self) -> Option<Iban> {
        Iban::parse(&self.received.creditor_bank_account).ok()
    }

    /// Whose order it is.
    #[must_use]
    pub fn user(&self) -> Option<&'static User> {
        users::by_login(&self.received.user)
    }
}

/// A number with two decimals.
pub(super) fn amount(minor: i64) -> Value {
    let text = format!(
        "{}{}.{:02}",
        if minor < 0 { "-" } else { "" },
        (minor / 100).abs(),
        (minor % 100).abs()
    );
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A moment as the interface writes it.
pub(super) fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}
