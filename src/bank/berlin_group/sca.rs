//! The JSON of the authorisation resource (NextGenPSD2 1.3.x sections 7 and 14): what the bank says of the
//! PSU's strong customer authentication, in the answer to an order, to its start, or to what the PSU gave.

use super::links::Links;
use super::wire::{self, text_or_number};
use crate::bank::refusal::harmless;
use crate::bank::{CodeFormat, CodePrompt, ScaMethod};
use serde_json::Value;

/// Longest message to the PSU, in characters (`psuMessageText`).
const MAX_MESSAGE_CHARS: usize = 500;
/// Longest name of a method, in characters.
const MAX_METHOD_NAME_CHARS: usize = 100;
/// Longest `authenticationType`, in characters.
const MAX_KIND_CHARS: usize = 35;
/// More methods than this are not offered.
const MAX_METHODS: usize = 20;

/// `scaStatus` as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaStatus {
    /// received, psuIdentified, psuAuthenticated, started, unconfirmed, and every unknown word.
    Waiting,
    /// scaMethodSelected: a code is on its way to the PSU, or the one that came was wrong.
    MethodSelected,
    /// finalised, exempted. An end of the authorisation; of the order only its own status tells.
    Done,
    /// failed. An end of the authorisation; the order may be authorised by another one.
    Failed,
}

impl ScaStatus {
    /// The meaning of a word.
    pub fn of(word: &str) -> Self {
        match word {
            "finalised" | "exempted" => Self::Done,
            "failed" => Self::Failed,
            "scaMethodSelected" => Self::MethodSelected,
            _ => Self::Waiting,
        }
    }
}

/// What an answer says of an authorisation.
#[derive(Debug)]
pub struct Sca {
    /// `None` when the answer does not tell.
    pub status: Option<ScaStatus>,
    /// The bank's id of the authorisation.
    pub id: Option<String>,
    /// The methods to choose from; empty when there is no choice.
    pub methods: Vec<ScaMethod>,
    /// The method that is used.
    pub chosen: Option<ScaMethod>,
    /// There is `challengeData`, or a link for the code.
    pub wants_a_code: bool,
    /// `otpFormat`.
    pub format: CodeFormat,
    /// `otpMaxLength`.
    pub max_length: Option<u8>,
    /// The bank's words for the PSU.
    pub message: Option<String>,
    /// What comes next.
    pub links: Links,
}

impl Sca {
    /// Reads an answer; `None` when it is not a JSON object.
    pub fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        body.is_object().then(|| Self::of(&body))
    }

    /// Reads an answer.
    pub fn of(body: &Value) -> Self {
        let links = Links::read(body);
        let challenge = body.get("challengeData").filter(|c| c.is_object());
        let of_challenge = |name: &str| challenge.and_then(|c| c.get(name));
        let methods = body.get("scaMethods").and_then(Value::as_array).into_iter().flatten();
        let id = body
            .get("authorisationId")
            .and_then(text_or_number)
            .filter(|id| wire::is_bank_id(id));
        Self {
            status: body.get("scaStatus").and_then(Value::as_str).map(ScaStatus::of),
            id: id.or_else(|| links.authorisation_id()),
            methods: methods.filter_map(method).take(MAX_METHODS).collect(),
            chosen: body.get("chosenScaMethod").and_then(method),
            wants_a_code: challenge.is_some() || links.get("authoriseTransaction").is_some(),
            format: match of_challenge("otpFormat").and_then(Value::as_str) {
                Some("integer") => CodeFormat::Digits,
                _ => CodeFormat::Characters,
            },
            max_length: of_challenge("otpMaxLength").and_then(length),
            message: message(body, &links, challenge),
            links,
        }
    }

    /// What is known of the code the PSU must enter. `method` is the name of the one asked for, where the
    /// answer does not repeat it. Another code can be asked for when the bank gave the method's id.
    pub fn prompt(&self, method: Option<&str>) -> CodePrompt {
        let name = self.chosen.as_ref().map(|m| m.name.clone()).filter(|name| !name.is_empty());
        CodePrompt {
            message: self.message.clone(),
            method: name.or_else(|| method.map(str::to_owned)),
            format: self.format,
            max_length: self.max_length,
            // Also a `CHIP_OTP` answers a challenge that comes from the bank, and that can be asked for again.
            made_by_psu: false,
            can_resend: self.chosen.is_some(),
            wrong: false,
        }
    }
}

/// The authorisations of an order, oldest first; `None` when it is not the answer of that call.
pub fn listed(body: &[u8]) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let ids = body.get("authorisationIds")?.as_array()?.iter();
    Some(ids.filter_map(text_or_number).filter(|id| wire::is_bank_id(id)).collect())
}

/// An `authenticationObject` that can be named to the bank again. One without a name goes by its type.
fn method(value: &Value) -> Option<ScaMethod> {
    let text = |name: &str, most| harmless(value.get(name).and_then(Value::as_str).unwrap_or_default(), most);
    let id = value.get("authenticationMethodId").and_then(text_or_number)?;
    let kind = text("authenticationType", MAX_KIND_CHARS);
    let name = text("name", MAX_METHOD_NAME_CHARS);
    wire::is_bank_id(&id).then(|| ScaMethod {
        id,
        name: if name.is_empty() { kind.clone() } else { name },
        kind,
    })
}

/// `psuMessage`, wherever it stands, and what the challenge adds, which must be shown too (section 14.6).
fn message(body: &Value, links: &Links, challenge: Option<&Value>) -> Option<String> {
    let own = body.get("psuMessage").and_then(Value::as_str).or_else(|| links.get("psuMessage"));
    let of_challenge = |name: &str| challenge.and_then(|c| c.get(name));
    let more = of_challenge("additionalInformation").and_then(Value::as_str);
    let data = of_challenge("data").map(|data| match data {
        Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        one => one.as_str().unwrap_or_default().to_owned(),
    });
    let parts = [own, more, data.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
    let text = harmless(&parts.join(" "), MAX_MESSAGE_CHARS);
    (!text.is_empty()).then_some(text)
}

/// A number, or a number in quotes; what is no length of a code is as good as none.
fn length(value: &Value) -> Option<u8> {
    text_or_number(value)?.trim().parse().ok().filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn only_final_words_end_an_authorisation() {
        for (word, meaning) in [
            ("finalised", ScaStatus::Done),
            ("exempted", ScaStatus::Done),
            ("failed", ScaStatus::Failed),
            ("scaMethodSelected", ScaStatus::MethodSelected),
            ("received", ScaStatus::Waiting),
            ("unconfirmed", ScaStatus::Waiting),
            ("FINALISED", ScaStatus::Waiting),
            ("finalised ", ScaStatus::Waiting),
            ("", ScaStatus::Waiting),
        ] {
            assert_eq!(ScaStatus::of(word), meaning, "{word:?}");
        }
    }

    #[test]
    fn a_challenge_is_read_also_with_numbers_in_quotes() {
        for length in [json!(6), json!("6")] {
            let sca = Sca::of(&json!({
                "scaStatus": "scaMethodSelected",
                "authorisationId": 17,
                "chosenScaMethod": {"authenticationMethodId": "sms", "authenticationType": "SMS_OTP"},
                "challengeData": {"otpFormat": "integer", "otpMaxLength": length, "data": ["12", "34"], "additionalInformation": " Vedeți SMS-ul. "},
                "psuMessage": "Introduceți codul.\u{202e}",
            }));
            assert_eq!((sca.status, sca.id.as_deref()), (Some(ScaStatus::MethodSelected), Some("17")));
            let prompt = sca.prompt(None);
            assert_eq!(prompt.message.as_deref(), Some("Introduceți codul. Vedeți SMS-ul. 12 34"));
            assert_eq!((prompt.method.as_deref(), prompt.max_length), (Some("SMS_OTP"), Some(6)));
            assert!(prompt.format == CodeFormat::Digits && prompt.can_resend && !prompt.wrong && sca.wants_a_code);
        }
        for wrong in [json!(0), json!(-1), json!("six"), json!(999), json!(null), json!([6])] {
            let sca = Sca::of(&json!({"challengeData": {"otpMaxLength": wrong}}));
            assert_eq!(sca.max_length, None);
        }
        let sca = Sca::of(&json!({"challengeData": {"data": "1234"}}));
        assert!(!sca.prompt(None).can_resend && sca.format == CodeFormat::Characters);
    }

    #[test]
    fn the_message_is_found_inside_the_links_too() {
        let sca = Sca::of(&json!({"_links": {"psuMessage": "Aprobați.", "scaStatus": "/x/authorisations/a"}}));
        assert_eq!((sca.message.as_deref(), sca.id.as_deref()), (Some("Aprobați."), Some("a")));
        assert_eq!(Sca::of(&json!({"psuMessage": " \u{200b}"})).message, None);
    }

    #[test]
    fn methods_without_an_id_cannot_be_chosen() {
        let sca = Sca::of(&json!({"scaMethods": [
            {"authenticationMethodId": "a", "authenticationType": "SMS_OTP", "name": "SMS"},
            {"authenticationType": "PUSH_OTP"},
            {"authenticationMethodId": "b c"},
            "x",
        ]}));
        let names: Vec<_> = sca.methods.iter().map(|m| (m.id.as_str(), m.name.as_str())).collect();
        assert_eq!(names, [("a", "SMS")]);
    }

    proptest! {
        #[test]
        fn hostile_answers_stay_short_and_clean(text in "(.|\\n){0,700}", bytes: Vec<u8>) {
            let _ = (Sca::read(&bytes), listed(&bytes));
            let method = json!({"authenticationMethodId": "1", "name": text, "authenticationType": text});
            let sca = Sca::of(&json!({"psuMessage": text, "chosenScaMethod": method, "scaMethods": [method], "scaStatus": text}));
            let prompt = sca.prompt(None);
            for shown in [prompt.message, prompt.method].into_iter().flatten() {
                prop_assert!(shown.chars().count() <= MAX_MESSAGE_CHARS);
                prop_assert!(!crate::payment::text::has_forbidden_characters(&shown));
            }
        }
    }
}
