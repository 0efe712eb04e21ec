//! Account information: consents, accounts, balances, who the PSU is and whom the PSU trusts.

use super::Version;
use super::books::Grant;
use super::call::{Call, Outcome};
use super::certificate::Role;
use super::event::Consent;
use super::people::{self, Account, Persona};
use super::view::{amount, link};
use crate::payment::iban::Iban;
use crate::sandbox::berlin::reply::Reply;
use crate::sandbox::secrets::sha256_hex;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// Whom every customer trusts: two accounts at other banks.
const TRUSTED: [(&str, &str); 2] = [
    ("Boulangerie du Port", "FR1420041010050500013M02606"),
    ("Société Électrique", "DE89370400440532013000"),
];

/// What the PSU granted to this account information service.
pub(super) fn grant(call: &Call<'_>) -> Result<(Grant, &'static Persona), Reply> {
    let grant = call.granted(Role::AccountInformation, "aisp")?;
    let persona = people::by_id(&grant.customer).ok_or_else(|| call.forbidden("IPSU", "the customer is not known"))?;
    Ok((grant, persona))
}

/// How the interface names an account.
pub(super) fn resource_id(account: &Account) -> String {
    sha256_hex(account.iban.as_bytes())[..24].to_owned()
}

/// The PSU's account that the path names, which has to be consented to for this.
pub(super) fn consented(
    call: &Call<'_>,
    grant: &Grant,
    persona: &'static Persona,
    list: impl Fn(&Consent) -> &Vec<String>,
) -> Result<&'static Account, Reply> {
    let named = |account: &&Account| resource_id(account) == call.segment("id");
    let account = persona.accounts.iter().find(named);
    let account = account.ok_or_else(|| call.error(StatusCode::NOT_FOUND, "AC01", "there is no such account"))?;
    let granted = grant
        .consent
        .as_ref()
        .is_some_and(|c| list(c).iter().any(|iban| iban == account.iban));
    match granted {
        true => Ok(account),
        false => Err(call.forbidden("NGAC", "the PSU has not consented to this for this account")),
    }
}

/// `PUT /consents`: what the PSU told the TPP that it may see. It replaces what was said before.
pub(super) fn consent(call: &Call<'_>) -> Outcome {
    let (grant, persona) = grant(call)?;
    let body = call.json()?;
    let flag = |name: &str| {
        let value = body.get(name).and_then(Value::as_bool);
        value.ok_or_else(|| call.format_error(&format!("{name} must be true or false")))
    };
    let accounts = |name: &str| -> Result<Vec<String>, Reply> {
        let list = body.get(name).and_then(Value::as_array);
        let list = list.ok_or_else(|| call.format_error(&format!("{name} must be a list")))?;
        list.iter()
            .map(|named| Ok(account_named(call, persona, named)?.iban.to_owned()))
            .collect()
    };
    // The owners' names are the PSU's own here; they are read and mean nothing more. 1.4.0 has no such list.
    if call.version != Version::V1_4_0 {
        accounts("owners")?;
    }
    let consent = Consent {
        balances: accounts("balances")?,
        transactions: accounts("transactions")?,
        trusted_beneficiaries: flag("trustedBeneficiaries")?,
        psu_identity: flag("psuIdentity")?,
    };
    call.books()?.consent(&grant, consent, call.now()).map_err(|e| call.failed(e))?;
    Ok(Reply::empty(StatusCode::CREATED))
}

/// An account by IBAN, or by the name that the interface gave it.
fn account_named(call: &Call<'_>, persona: &'static Persona, named: &Value) -> Result<&'static Account, Reply> {
    let text = |pointer: &str| named.pointer(pointer).and_then(Value::as_str);
    let found = match (text("/iban"), text("/other/identification")) {
        (Some(iban), _) if Iban::parse(iban).is_err() => return Err(call.error(StatusCode::BAD_REQUEST, "AC01", "an IBAN is not valid")),
        (Some(iban), _) => persona.account(iban),
        (None, Some(id)) => persona.accounts.iter().find(|a| resource_id(a) == id),
        (None, None) => return Err(call.format_error("an account is named by iban or by other.identification")),
    };
    found.ok_or_else(|| call.forbidden("NGAC", "an account is not the PSU's"))
}

/// `GET /accounts`: all accounts of the PSU; balances and links only where the PSU consented.
pub(super) fn list(call: &Call<'_>) -> Outcome {
    let (grant, persona) = grant(call)?;
    let consent = grant.consent.clone().unwrap_or_default();
    let rows: Result<Vec<Value>, Reply> = persona.accounts.iter().map(|a| row(call, persona, a, &consent)).collect();
    let mut links = json!({ "self": link(call.href("/accounts")), "consents": link(call.href("/consents")) });
    if consent.psu_identity {
        links["endUserIdentity"] = link(call.href("/end-user-identity"));
    }
    if consent.trusted_beneficiaries {
        links["trustedBeneficiaries"] = link(call.href("/trusted-beneficiaries"));
    }
    Ok(call.hal(StatusCode::OK, json!({ "accounts": rows?, "_links": links })))
}

fn row(call: &Call<'_>, persona: &Persona, account: &Account, consent: &Consent) -> Result<Value, Reply> {
    let id = resource_id(account);
    let may = |list: &[String]| list.iter().any(|iban| iban == account.iban);
    let mut links = json!({});
    let mut row = json!({
        "resourceId": id,
        "bicFi": call.at.bic,
        "accountId": { "iban": account.iban, "currency": "EUR" },
        "name": format!("{} {}", account.label(), persona.name),
        "usage": if persona.company { "ORGA" } else { "PRIV" },
        "cashAccountType": "CACC",
        "currency": "EUR",
        "psuStatus": "Account Holder",
    });
    if may(&consent.balances) {
        row["balances"] = balance_rows(call, account)?;
        links["balances"] = link(call.href(&format!("/accounts/{id}/balances")));
    }
    if may(&consent.transactions) {
        links["transactions"] = link(call.href(&format!("/accounts/{id}/transactions")));
    }
    row["_links"] = links;
    Ok(row)
}

/// `GET /accounts/{id}/balances`.
pub(super) fn balances(call: &Call<'_>) -> Outcome {
    let (grant, persona) = grant(call)?;
    let account = consented(call, &grant, persona, |c| &c.balances)?;
    let id = resource_id(account);
    let body = json!({
        "balances": balance_rows(call, account)?,
        "_links": {
            "self": link(call.href(&format!("/accounts/{id}/balances"))),
            "parent-list": link(call.href("/accounts")),
            "transactions": link(call.href(&format!("/accounts/{id}/transactions"))),
        },
    });
    Ok(call.hal(StatusCode::OK, body))
}

/// What is booked, and what is left of it when everything promised is paid.
fn balance_rows(call: &Call<'_>, account: &Account) -> Result<Value, Reply> {
    let books = call.books()?;
    let booked = books.balance_minor(account.iban).unwrap_or_default();
    let expected = books.available_minor(account.iban).unwrap_or_default();
    let moment = call.now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let row = |name: &str, kind: &str, minor: i64| json!({ "name": name, "balanceAmount": amount(minor, call.version), "balanceType": kind, "referenceDate": moment });
    Ok(json!([
        row("Solde comptable", "CLBD", booked),
        row("Solde prévisionnel", "XPCD", expected)
    ]))
}

/// `GET /end-user-identity`.
pub(super) fn identity(call: &Call<'_>) -> Outcome {
    let (grant, persona) = grant(call)?;
    if !grant.consent.as_ref().is_some_and(|c| c.psu_identity) {
        return Err(call.forbidden("NGAC", "the PSU has not consented to this"));
    }
    let body = json!({
        "identity": { "fullName": persona.name },
        "_links": { "self": link(call.href("/end-user-identity")), "accounts": link(call.href("/accounts")) },
    });
    Ok(call.hal(StatusCode::OK, body))
}

/// `GET /trusted-beneficiaries`.
pub(super) fn beneficiaries(call: &Call<'_>) -> Outcome {
    let (grant, _) = grant(call)?;
    if !grant.consent.as_ref().is_some_and(|c| c.trusted_beneficiaries) {
        return Err(call.forbidden("NGAC", "the PSU has not consented to this"));
    }
    let row = |(name, iban): (&str, &str)| json!({ "isTrusted": true, "creditor": { "name": name }, "creditorAccount": { "iban": iban, "currency": "EUR" } });
    let body = json!({
        "beneficiaries": TRUSTED.map(row),
        "_links": { "self": link(call.href("/trusted-beneficiaries")), "accounts": link(call.href("/accounts")) },
    });
    Ok(call.hal(StatusCode::OK, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_accounts_have_valid_ibans() {
        for (_, iban) in TRUSTED {
            assert!(Iban::parse(iban).is_ok(), "{iban}");
        }
    }
}
