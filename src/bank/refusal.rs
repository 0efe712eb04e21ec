//! What a bank's refusal (a 4xx answer) says, whatever shape it has.

use super::BankError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// Longest error code kept, in characters (the Berlin Group's own codes stay below it).
pub const MAX_CODE_CHARS: usize = 35;
/// Longest error text kept, in characters (RFC 7807 `detail` is at most 500 in NextGenPSD2).
pub const MAX_TEXT_CHARS: usize = 500;
/// A bank that asks for more patience than a day is not obeyed further.
const MAX_RETRY_AFTER_S: u64 = 86_400;

/// A bank's words made harmless: control characters and direction overrides dropped, at most `max_chars`.
#[must_use]
pub fn harmless(text: &str, max_chars: usize) -> String {
    let mut one = [0; 4];
    text.chars()
        .filter(|c| !crate::payment::text::has_forbidden_characters(c.encode_utf8(&mut one)))
        .take(max_chars)
        .collect()
}

/// Reads code and text from the shapes banks use: `tppMessages` (NextGenPSD2), `message`/`error` (STET),
/// `code`/`title`/`detail` (RFC 7807), `error`/`error_description` (RFC 6749 section 5.2), and an API gateway's own
/// answer, and ePP's envelope. Anything else yields an empty code and text: the status alone refuses. The element of the request that a
/// `tppMessages` entry names (`path`) is put before its text.
#[must_use]
pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> BankError {
    let body = serde_json::from_slice::<Value>(body).unwrap_or(Value::Null);
    let (code, text) = tpp_message(&body)
        .or_else(|| stet(&body))
        .or_else(|| pair(&body, "error", &["error_description"]))
        .or_else(|| pair(&body, "code", &["detail", "title"]))
        .or_else(|| pair(&body, "httpMessage", &["moreInformation"]))
        .or_else(|| pair(&body, "title", &["detail"]))
        .or_else(|| in_envelope(&body))
        .unwrap_or_default();
    let at = tpp_error(&body).and_then(|message| message.get("path")).and_then(Value::as_str);
    BankError::Refused {
        status,
        code: harmless(code, MAX_CODE_CHARS),
        text: harmless(
            &[at.unwrap_or_default(), text].join(if at.is_some() { ": " } else { "" }),
            MAX_TEXT_CHARS,
        ),
        retry_after_s: retry_after_s(headers),
    }
}

/// Whether the bank refuses because of the `PSU-ID` alone: it knows nobody by it, or it is none of its own
/// (NextGenPSD2 1.3.x section 14.11.1, `PSU_CREDENTIALS_INVALID` and `FORMAT_ERROR`). `alone` is said of a
/// request that carried nothing else that could have a wrong form.
#[must_use]
pub fn is_of_psu_id(error: &BankError, alone: bool) -> bool {
    let BankError::Refused { status, code, text, .. } = error else {
        return false;
    };
    let of_form = *status == 400 && code == "FORMAT_ERROR";
    code.starts_with("PSU_CREDENTIALS") || of_form && (alone || text.to_ascii_uppercase().contains("PSU-ID"))
}

/// The first error of a `tppMessages`, else its first entry.
fn tpp_error(body: &Value) -> Option<&Value> {
    let messages = body.get("tppMessages")?.as_array()?;
    let error = messages.iter().find(|m| m.get("category").and_then(Value::as_str) == Some("ERROR"));
    error.or(messages.first())
}

fn tpp_message(body: &Value) -> Option<(&str, &str)> {
    pair(tpp_error(body)?, "code", &["text"])
}

/// STET banks say `{"timestamp","status","error","message","path"}` with the code in `message`.
fn stet(body: &Value) -> Option<(&str, &str)> {
    body.get("timestamp")?;
    pair(body, "message", &["error"])
}

/// The envelope of ePP: a name in `code`, or beside a number in `message`.
fn in_envelope(body: &Value) -> Option<(&str, &str)> {
    let status = body.get("status")?;
    pair(status, "code", &["message"])
        .filter(|(code, _)| !code.bytes().all(|b| b.is_ascii_digit()))
        .or_else(|| pair(status, "message", &[]))
}

fn pair<'a>(body: &'a Value, code: &str, texts: &[&str]) -> Option<(&'a str, &'a str)> {
    let code = body.get(code)?.as_str()?;
    let text = texts.iter().find_map(|t| body.get(*t).and_then(Value::as_str));
    Some((code, text.unwrap_or_default()))
}

/// `Retry-After` in seconds (RFC 9110 section 10.2.3). The form with a date needs a clock and is ignored.
fn retry_after_s(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.min(MAX_RETRY_AFTER_S))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(body: &[u8]) -> (String, String) {
        match read(400, &HeaderMap::new(), body) {
            BankError::Refused { code, text, .. } => (code, text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_shape_of_refusal_gives_its_code_and_text() {
        for (body, code, text) in [
            (
                r#"{"tppMessages":[{"category":"WARNING","code":"W","text":"w"},{"category":"ERROR","code":"FORMAT_ERROR","text":"bad"}]}"#,
                "FORMAT_ERROR",
                "bad",
            ),
            (r#"{"tppMessages":[{"code":"PRODUCT_INVALID"}]}"#, "PRODUCT_INVALID", ""),
            (
                r#"{"type":"https://x","code":"SERVICE_BLOCKED","title":"t","detail":"d"}"#,
                "SERVICE_BLOCKED",
                "d",
            ),
            (r#"{"error":"invalid_grant","error_description":"used"}"#, "invalid_grant", "used"),
            (
                r#"{"httpCode":"401","httpMessage":"Unauthorized","moreInformation":"Invalid client id"}"#,
                "Unauthorized",
                "Invalid client id",
            ),
            (
                r#"{"timestamp":"21/11/2026 à 15:04","status":400,"error":"Bad Request","message":"AC01","path":"/x"}"#,
                "AC01",
                "Bad Request",
            ),
            (
                r#"{"status":{"code":"InvalidToken","message":"Pogrešan kod"},"payload":null}"#,
                "InvalidToken",
                "Pogrešan kod",
            ),
            (r#"{"status":{"code":400,"message":"UsedToken"}}"#, "UsedToken", ""),
            (r#"{"tppMessages":"none","detail":7}"#, "", ""),
            ("<html>", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(refused(body.as_bytes()), (code.to_owned(), text.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_refused_psu_id_is_told_from_a_refused_order() {
        let message = |code: &str, path: &str, text: &str| {
            let body = serde_json::json!({"tppMessages": [{"category": "ERROR", "code": code, "path": path, "text": text}]});
            body.to_string().into_bytes()
        };
        for (status, code, path, text, with_an_order, alone) in [
            (401, "PSU_CREDENTIALS_INVALID", "", "", true, true),
            (400, "FORMAT_ERROR", "PSU-ID", "eight digits", true, true),
            (400, "FORMAT_ERROR", "", "header psu-id has a wrong form", true, true),
            (400, "FORMAT_ERROR", "creditorName", "too long", false, true),
            (400, "FORMAT_ERROR", "", "", false, true),
            (401, "FORMAT_ERROR", "PSU-ID", "", false, false),
            (401, "CERTIFICATE_INVALID", "", "", false, false),
            (400, "PRODUCT_INVALID", "PSU-ID", "", false, false),
        ] {
            let error = read(status, &HeaderMap::new(), &message(code, path, text));
            let told = (is_of_psu_id(&error, false), is_of_psu_id(&error, true));
            assert_eq!(told, (with_an_order, alone), "{status} {code} {path} {text}");
        }
        assert!(!is_of_psu_id(&BankError::Unsupported, true));
    }

    #[test]
    fn retry_after_is_read_in_seconds_only_and_bounded() {
        for (value, seconds) in [
            ("30", Some(30)),
            (" 5 ", Some(5)),
            ("99999999", Some(86_400)),
            ("-1", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after_s(&headers), seconds, "{value}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bodies_stay_short_and_clean(code in "\\PC{0,80}|[\\x00-\\x1f\u{202e}]{0,80}", text in "(.|\\n){0,900}") {
            let body = serde_json::json!({"tppMessages": [{"category": "ERROR", "code": code, "text": text}]});
            let (code, text) = refused(body.to_string().as_bytes());
            prop_assert!(code.chars().count() <= MAX_CODE_CHARS && text.chars().count() <= MAX_TEXT_CHARS);
            let both = code + &text;
            prop_assert!(!crate::payment::text::has_forbidden_characters(&both));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = refused(&bytes);
        }
    }
}
