//! What a STET bank says of an order: its status words and reasons (ISO 20022), and what they mean.

use crate::bank::{PsuStep, Reason, Verdict};
use serde_json::Value;
use std::time::Duration;

/// Longest word kept, in characters.
const MAX_WORD_CHARS: usize = 35;

/// The ids by which an answer must call an order.
#[derive(Clone, Copy)]
pub(super) struct Ids<'a> {
    /// The bank's.
    pub(super) order: &'a str,
    /// Our `paymentInformationId`.
    pub(super) information: &'a str,
    /// Our `endToEndId`.
    pub(super) end_to_end: &'a str,
}

/// An order as the bank has it.
#[derive(Debug)]
pub(super) struct Resource {
    /// The whole of it, for a cancellation.
    pub(super) whole: Value,
    /// The status word, empty when there was none.
    pub(super) word: String,
    /// What the word means, when it says the end.
    pub(super) ending: Option<Verdict>,
    /// The bank waits for our confirmation.
    pub(super) wants_confirmation: bool,
}

/// Reads a payment request. `None` when it is none, or another one than was asked for.
pub(super) fn resource(body: &[u8], ids: Ids<'_>) -> Option<Resource> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let wants_confirmation = body.pointer("/_links/confirmation/href").is_some_and(Value::is_string);
    let whole = body.get_mut("paymentRequest")?.take();
    let one = match whole.get("creditTransferTransaction") {
        None | Some(Value::Null) => &Value::Null,
        Some(Value::Array(all)) if all.len() == 1 => &all[0],
        _ => return None,
    };
    let same = |value: Option<&Value>, ours: &str| match value {
        None | Some(Value::Null) => true,
        Some(value) => value.as_str() == Some(ours),
    };
    let ours = same(whole.get("resourceId"), ids.order)
        && same(whole.get("paymentInformationId"), ids.information)
        && same(one.pointer("/paymentId/endToEndId"), ids.end_to_end);
    if !whole.is_object() || !ours {
        return None;
    }
    let (of_all, of_one) = (said(&whole, "paymentInformationStatus"), said(one, "transactionStatus"));
    let funds = whole.get("fundsAvailability").and_then(Value::as_bool);
    let (word, ending) = {
        let told = [said(&whole, "statusReasonInformation"), said(one, "statusReasonInformation")];
        let reason = reason(told.into_iter().find(|code| !code.is_empty()).unwrap_or_default(), funds);
        let (all, one) = (ending(of_all, reason), ending(of_one, reason));
        match (all, one) {
            // One instruction that is said to have ended in two ways has not ended.
            (Some(all), Some(one)) if all != one => ("", None),
            (Some(all), _) => (of_all, Some(all)),
            (None, Some(one)) => (of_one, Some(one)),
            (None, None) => (if of_all.is_empty() { of_one } else { of_all }, None),
        }
    };
    Some(Resource {
        word: for_the_record(word),
        ending,
        wants_confirmation,
        whole,
    })
}

/// A field's text; some banks write an object around a code.
fn said<'a>(of: &'a Value, field: &str) -> &'a str {
    match of.get(field) {
        Some(Value::String(text)) => text,
        Some(Value::Object(fields)) => fields.get("code").and_then(Value::as_str).unwrap_or_default(),
        _ => "",
    }
}

/// What a word says when it says the end; `None` for every other word, known or not.
///
/// | word | meaning |
/// |---|---|
/// | ACSC | settled on the debtor's account |
/// | RJCT | refused |
/// | CANC | cancelled |
/// | RCVD PDNG ACTC ACCP ACSP ACWC ACWP PATC ACCO PART, anything else, nothing | still working |
pub(super) fn ending(word: &str, reason: Option<Reason>) -> Option<Verdict> {
    match word {
        "ACSC" => Some(Verdict::Settled),
        "RJCT" => Some(Verdict::Rejected(reason.unwrap_or(Reason::BankDeclined))),
        "CANC" => Some(Verdict::Cancelled(reason.unwrap_or(Reason::Withdrawn))),
        _ => None,
    }
}

/// What a reason code means (STET `StatusReasonInformation`); `None` for an unknown one.
fn reason(code: &str, funds: Option<bool>) -> Option<Reason> {
    Some(match code {
        "AC01" => Reason::AccountUnknown,
        "AC04" => Reason::AccountClosed,
        "AC06" => Reason::AccountBlocked,
        "AG01" => Reason::NotPermitted,
        "AM04" => Reason::InsufficientFunds,
        // "Refusal or lack of liquidity": the other field may tell which.
        "CUST" => match funds {
            Some(false) => Reason::InsufficientFunds,
            Some(true) => Reason::PsuDeclined,
            None => Reason::PsuOrFunds,
        },
        "DS02" => Reason::PsuDeclined,
        "FRAD" => Reason::FraudSuspected,
        "MS03" => Reason::BankDeclined,
        "NOAS" => Reason::PsuNoAnswer,
        "RR01" | "RR03" | "RR12" => Reason::PartyNotAccepted,
        "RR04" => Reason::Regulatory,
        "DUPL" => Reason::Duplicate,
        "FF01" | "AM18" | "CH03" => Reason::OrderNotAccepted,
        "TECH" => Reason::BankTechnical,
        _ => return None,
    })
}

/// Words that say that the bank is carrying the order out, so that nobody waits for the PSU any more.
pub(super) fn is_on_its_way(word: &str) -> bool {
    matches!(word, "ACSP" | "ACWC" | "ACWP" | "ACCO")
}

/// Words after which the PSU has not authorised.
pub(super) fn is_untouched(word: &str) -> bool {
    matches!(word, "" | "RCVD")
}

/// The word for the record: what is not visible ASCII shows as `?`.
pub(super) fn for_the_record(word: &str) -> String {
    let shown = word.chars().take(MAX_WORD_CHARS);
    shown.map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// When asking again makes sense. The caller lets it grow.
pub(super) const fn ask_again_after(verdict: &Verdict) -> Duration {
    match verdict {
        // The PSU needs time to sign in; the return from the bank is what usually wakes the payment.
        Verdict::PsuNeeded(PsuStep::GoToBank { .. }) => Duration::from_secs(15),
        Verdict::PsuNeeded(_) | Verdict::StillWorking => Duration::from_secs(2),
        Verdict::Settled | Verdict::PartlySettled | Verdict::Rejected(_) | Verdict::Cancelled(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const IDS: Ids<'_> = Ids {
        order: "R1",
        information: "1-1",
        end_to_end: "E2E-1",
    };

    fn read(request: &Value) -> Option<Resource> {
        resource(json!({ "paymentRequest": request }).to_string().as_bytes(), IDS)
    }

    #[test]
    fn each_code_means_one_thing_and_an_unknown_one_nothing() {
        let of = |word: &str, code: &str| {
            let request = json!({"paymentInformationStatus": word, "statusReasonInformation": code, "resourceId": null});
            read(&request).unwrap().ending
        };
        for (code, reason) in [
            ("AC01", Reason::AccountUnknown),
            ("AC04", Reason::AccountClosed),
            ("AC06", Reason::AccountBlocked),
            ("AG01", Reason::NotPermitted),
            ("AM04", Reason::InsufficientFunds),
            ("AM18", Reason::OrderNotAccepted),
            ("CH03", Reason::OrderNotAccepted),
            ("CUST", Reason::PsuOrFunds),
            ("DS02", Reason::PsuDeclined),
            ("DUPL", Reason::Duplicate),
            ("FF01", Reason::OrderNotAccepted),
            ("FRAD", Reason::FraudSuspected),
            ("MS03", Reason::BankDeclined),
            ("NOAS", Reason::PsuNoAnswer),
            ("RR01", Reason::PartyNotAccepted),
            ("RR03", Reason::PartyNotAccepted),
            ("RR04", Reason::Regulatory),
            ("RR12", Reason::PartyNotAccepted),
            ("TECH", Reason::BankTechnical),
        ] {
            assert_eq!(of("RJCT", code), Some(Verdict::Rejected(reason)), "{code}");
            assert_eq!(of("CANC", code), Some(Verdict::Cancelled(reason)), "{code}");
            assert_eq!(of("ACSP", code), None);
        }
        for code in ["", "XX99", "ac01"] {
            assert_eq!(of("RJCT", code), Some(Verdict::Rejected(Reason::BankDeclined)), "{code}");
            assert_eq!(of("CANC", code), Some(Verdict::Cancelled(Reason::Withdrawn)), "{code}");
        }
        for (funds, reason) in [(true, Reason::PsuDeclined), (false, Reason::InsufficientFunds)] {
            let request = json!({"paymentInformationStatus": "RJCT", "fundsAvailability": funds,
                "creditTransferTransaction": [{"statusReasonInformation": {"code": "CUST"}}]});
            assert_eq!(read(&request).unwrap().ending, Some(Verdict::Rejected(reason)));
        }
    }

    #[test]
    fn every_reason_can_be_told_to_people() {
        for reason in Reason::ALL {
            let explained_by_pages = matches!(
                reason,
                Reason::PsuDeclined | Reason::BankDeclined | Reason::Withdrawn | Reason::WrongCodes | Reason::NotExecuted
            );
            let why = crate::payment::refusal::why(reason.as_str(), crate::payment::Language::Ro);
            assert_eq!(why.is_none(), explained_by_pages, "{reason:?}");
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str(), "one word, stored and shown");
            let listed = include_str!("../../../README.md").contains(&format!("`{}`", reason.as_str()));
            assert!(listed, "partners read of {reason:?} in the README");
        }
    }

    #[test]
    fn the_instruction_speaks_where_the_whole_is_silent_and_two_ends_are_none() {
        let of = |all: Value, one: Value| {
            let request = json!({"paymentInformationStatus": all, "creditTransferTransaction": [{"transactionStatus": one}]});
            let read = read(&request).unwrap();
            (read.word, read.ending)
        };
        assert_eq!(of(json!(null), json!("ACSC")), ("ACSC".into(), Some(Verdict::Settled)));
        assert_eq!(of(json!("ACSP"), json!("ACSC")), ("ACSC".into(), Some(Verdict::Settled)));
        assert_eq!(of(json!("ACSC"), json!(null)), ("ACSC".into(), Some(Verdict::Settled)));
        assert_eq!(of(json!("ACSC"), json!("RJCT")), (String::new(), None));
        assert_eq!(of(json!(null), json!("ACTC")), ("ACTC".into(), None));
        assert_eq!(of(json!(7), json!(["ACSC"])), (String::new(), None));
    }

    #[test]
    fn another_order_is_not_read_as_ours() {
        let ours = json!({"resourceId": "R1", "paymentInformationId": "1-1", "paymentInformationStatus": "ACSC",
            "creditTransferTransaction": [{"paymentId": {"endToEndId": "E2E-1"}}]});
        assert!(read(&ours).is_some());
        for (path, value) in [
            ("/resourceId", json!("R2")),
            ("/paymentInformationId", json!("2-1")),
            ("/creditTransferTransaction/0/paymentId/endToEndId", json!("E2E-2")),
            ("/creditTransferTransaction", json!([{}, {}])),
            ("/creditTransferTransaction", json!([])),
            ("/creditTransferTransaction", json!("one")),
            ("/resourceId", json!(1)),
        ] {
            let mut other = ours.clone();
            *other.pointer_mut(path).unwrap() = value;
            assert!(read(&other).is_none(), "{path}");
        }
        for body in ["", "{}", "[]", "{\"paymentRequest\":null}", "{\"paymentRequest\":[]}", "nonsense"] {
            assert!(resource(body.as_bytes(), IDS).is_none(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn only_one_word_is_success(word in "[A-Z]{4}|ACSC|ACCC|\\PC{0,60}|(.|\\n){0,60}") {
            let settled = ending(&word, None) == Some(Verdict::Settled);
            prop_assert_eq!(settled, word == "ACSC");
            prop_assert!(for_the_record(&word).len() <= MAX_WORD_CHARS);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = resource(&bytes, IDS);
        }
    }
}
