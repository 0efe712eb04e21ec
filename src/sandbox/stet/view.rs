//! How the banks write what they know: amounts, links, payment requests.

use super::call::Call;
use super::establishment::{Confirmation, Version};
use super::request::PaymentRequest;
use serde_json::{Value, json};

/// An amount as its version writes it: a text before 1.5, then a number.
pub(super) fn amount(minor: i64, version: Version) -> Value {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.abs();
    let written = format!("{sign}{}.{:02}", minor / 100, minor % 100);
    let written = match version {
        // Read as JSON, so that no arithmetic touches it.
        Version::V1_5 => serde_json::from_str(&written).unwrap_or(Value::Null),
        Version::V1_4_0 | Version::V1_4_2 => Value::String(written),
    };
    json!({ "amount": written, "currency": "EUR" })
}

/// A link.
pub(super) fn link(href: String) -> Value {
    json!({ "href": href })
}

/// The answer to a read of a payment request.
pub(super) fn payment_request(call: &Call<'_>, request: &PaymentRequest) -> Value {
    let sparse = call.at.is_sparse(call.version);
    let id = &request.received.payment_id;
    let mut resource = request.received.resource.clone();
    // 1.5 has no words for what the TPP itself said.
    let reason = request.reason().map(|reason| match (call.version, reason) {
        (Version::V1_5, "DUPL" | "TECH") => "MS03",
        (_, reason) => reason,
    });
    let reason = |target: &mut Value| match reason {
        Some(reason) => target["statusReasonInformation"] = reason.into(),
        None if sparse => target["statusReasonInformation"] = Value::Null,
        None => {}
    };
    resource["resourceId"] = id.as_str().into();
    resource["paymentInformationStatus"] = request.said_word().into();
    reason(&mut resource);
    if let Some(iban) = request.debtor_iban() {
        resource["debtorAccount"] = json!({ "iban": iban.electronic() });
    }
    if let Some(instruction) = resource.pointer_mut("/creditTransferTransaction/0") {
        instruction["transactionStatus"] = request.instruction_word().into();
        reason(instruction);
    }
    if let Some(supplementary) = resource.get_mut("supplementaryData") {
        supplementary["appliedAuthenticationApproach"] = "REDIRECT".into();
    }
    if sparse {
        (resource["fundsAvailability"], resource["booking"]) = (Value::Null, Value::Null);
        return json!({ "paymentRequest": resource });
    }
    let path = format!("/payment-requests/{id}");
    let mut links = json!({ "request": link(call.href(&path)) });
    match request.confirmation() {
        Confirmation::None => {}
        Confirmation::Plain => links["confirmation"] = link(call.href(&format!("{path}/confirmation"))),
        Confirmation::OAuth => links["confirmation"] = link(call.href(&format!("{path}/o-confirmation"))),
    }
    json!({ "paymentRequest": resource, "_links": links })
}
