//! Judged by signatures that another implementation made (`tests/fixtures/stet/signatures.json`).

use super::*;
use proptest::prelude::*;
use serde_json::Value;

const OUR_KEY: &str = include_str!("../../../tests/fixtures/stet/qsealc.key");
const OUR_CERTIFICATE: &str = include_str!("../../../tests/fixtures/stet/qsealc.pem");
const BANK_CERTIFICATE: &str = include_str!("../../../tests/fixtures/stet/bank.pem");

fn recorded(part: &str, field: &str) -> String {
    let all: Value = serde_json::from_str(include_str!("../../../tests/fixtures/stet/signatures.json")).unwrap();
    all[part][field].as_str().unwrap().to_owned()
}

fn now() -> Timestamp {
    Timestamp::parse_from_str(&recorded("request", "date"), IMF_FIXDATE).unwrap()
}

/// Calls with the recorded request.
fn with_request<T>(use_it: impl FnOnce(&Request<'_>) -> T) -> T {
    let (target, id, body) = (
        recorded("request", "target"),
        recorded("request", "request_id"),
        recorded("request", "body"),
    );
    use_it(&Request {
        method: "post",
        target: &target,
        request_id: &id,
        body: body.as_bytes(),
    })
}

/// The headers of the recorded answer.
fn answered() -> HeaderMap {
    let signature = format!(
        "Signature=\"{}\" , HEADERS=\"Date X-Request-ID digest\",algorithm=rsa-sha256,keyId=\"https://bank.example/a,b\"",
        recorded("answer", "signature")
    );
    let pairs = [
        ("date", recorded("answer", "date")),
        ("digest", recorded("answer", "digest")),
        ("x-request-id", recorded("answer", "request_id")),
        ("signature", signature),
    ];
    pairs
        .into_iter()
        .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(&v).unwrap()))
        .collect()
}

fn verdict(headers: &HeaderMap, body: &str, now: Timestamp) -> Result<(), NotSigned> {
    let verifier = Verifier::new(BANK_CERTIFICATE).unwrap();
    with_request(|request| verifier.verify(headers, body.as_bytes(), request, now))
}

#[test]
fn our_signature_is_the_one_another_implementation_makes() {
    let key_id = serial_and_issuer(OUR_CERTIFICATE).unwrap();
    assert_eq!(key_id, recorded("request", "key_id"));
    let signer = Signer::new(OUR_KEY, key_id.clone()).unwrap();
    let headers = with_request(|request| signer.headers(request, now())).unwrap();
    assert_eq!(headers[DATE], recorded("request", "date"));
    assert_eq!(headers[DIGEST], recorded("request", "digest"));
    let expected = format!(
        "keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"(request-target) date digest x-request-id\",signature=\"{}\"",
        recorded("request", "signature")
    );
    assert_eq!(headers[SIGNATURE], expected);
    assert_eq!(organisation(OUR_CERTIFICATE).unwrap(), "SmartPay Test SRL");
    assert!(!format!("{signer:?}").contains("BEGIN"));
}

#[test]
fn a_signed_answer_is_believed_once_for_its_request_and_time_only() {
    let (good, body) = (answered(), recorded("answer", "body"));
    assert_eq!(verdict(&good, &body, now()), Ok(()));
    let shift = chrono::Duration::seconds;
    assert_eq!(verdict(&good, &body, now() + shift(MAX_AGE_S)), Ok(()));
    for late in [MAX_AGE_S + 1, -MAX_AGE_S - 1] {
        assert_eq!(verdict(&good, &body, now() + shift(late)), Err(NotSigned::Stale));
    }
    assert_eq!(verdict(&good, "{}", now()), Err(NotSigned::Wrong));
    let mut none = good.clone();
    none.remove(SIGNATURE);
    assert_eq!(verdict(&none, &body, now()), Err(NotSigned::Missing));
    for (name, value) in [
        ("date", "Sat, 21 Nov 2026 14:30:06 GMT"),
        ("x-request-id", "2f7bd3c6-8a52-5a43-9d6f-3b1f0c2d4e5b"),
        ("digest", "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ] {
        let mut changed = good.clone();
        changed.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        assert_eq!(verdict(&changed, &body, now()), Err(NotSigned::Wrong), "{name}");
    }
    let other_key = Verifier::new(OUR_CERTIFICATE).unwrap();
    let result = with_request(|request| other_key.verify(&good, body.as_bytes(), request, now()));
    assert_eq!(result, Err(NotSigned::Wrong));
    let replayed = with_request(|request| {
        let verifier = Verifier::new(BANK_CERTIFICATE).unwrap();
        let other = Request {
            request_id: "another",
            ..*request
        };
        verifier.verify(&good, body.as_bytes(), &other, now())
    });
    assert_eq!(replayed, Err(NotSigned::Wrong), "the answer to another request");
}

#[test]
fn a_signature_that_leaves_something_open_is_none() {
    let body = recorded("answer", "body");
    for (covered, what) in [
        ("date x-request-id", "its body"),
        ("digest x-request-id", "its time"),
        ("date digest", "the request"),
        ("", "its body"),
    ] {
        let mut headers = answered();
        let value = format!(
            "keyId=\"k\",headers=\"{covered}\",signature=\"{}\"",
            recorded("answer", "signature")
        );
        headers.insert(SIGNATURE, HeaderValue::from_str(&value).unwrap());
        assert_eq!(verdict(&headers, &body, now()), Err(NotSigned::NotCovered(what)), "{covered}");
    }
    for value in [
        "",
        "signature",
        "signature=\"",
        "signature=\"!!\",headers=\"date digest x-request-id\"",
        "algorithm=\"hmac-sha256\",headers=\"date digest x-request-id\",signature=\"AAAA\"",
        "headers=\"date digest x-request-id\",headers=\"date\",signature=\"AAAA\"",
        "headers=\"date digest x-request-id (created)\",signature=\"AAAA\"",
        "headers=\"date digest x-request-id\",signature=\"AAAA\"x",
    ] {
        let mut headers = answered();
        headers.insert(SIGNATURE, HeaderValue::from_str(value).unwrap());
        let result = verdict(&headers, &body, now());
        assert!(
            matches!(result, Err(NotSigned::Wrong | NotSigned::NotCovered(_))),
            "{value}: {result:?}"
        );
    }
}

#[test]
fn a_key_or_certificate_that_cannot_serve_is_refused_with_words() {
    for key in ["", "none", OUR_CERTIFICATE] {
        assert!(Signer::new(key, "k".to_owned()).is_err());
    }
    assert!(Signer::new(OUR_KEY, String::new()).is_err());
    assert!(Signer::new(OUR_KEY, "a\nb".to_owned()).is_err());
    assert!(Verifier::new("none").is_err() && serial_and_issuer("none").is_err() && organisation("none").is_err());
}

#[test]
fn names_are_escaped_for_a_header() {
    assert_eq!(escaped("A, B+\"C\" é "), "A\\, B\\+\\\"C\\\" \\C3\\A9\\ ");
    assert_eq!(escaped("#1"), "\\#1");
}

proptest! {
    #[test]
    fn no_header_panics(text in "[ -~]{0,120}|(signature=\"[A-Za-z/+=]{0,8}\",?|headers=\"[a-z ()-]{0,20}\",?){0,4}") {
        let mut headers = answered();
        headers.insert(SIGNATURE, HeaderValue::from_str(&text).unwrap());
        prop_assert!(verdict(&headers, &recorded("answer", "body"), now()).is_err());
    }

    #[test]
    fn any_change_of_the_body_is_noticed(at in 0..44usize, byte in 0u8..128) {
        let mut body = recorded("answer", "body").into_bytes();
        prop_assume!(body[at] != byte);
        body[at] = byte;
        prop_assert!(verdict(&answered(), std::str::from_utf8(&body).unwrap(), now()).is_err());
    }
}
