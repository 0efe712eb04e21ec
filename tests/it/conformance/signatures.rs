//! HTTP signatures against PyPI `httpsig`: each side believes the other, and neither anything that was changed.

use super::Program;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use smartpay::bank::signature::{NotSigned, Request, Signer, Verifier, digest_of, serial_and_issuer};
use smartpay::clock::{Clock, Timestamp};
use std::io::{BufRead as _, Write as _};

const OUR_KEY: &str = include_str!("../../fixtures/stet/qsealc.key");
const OUR_CERTIFICATE: &str = include_str!("../../fixtures/stet/qsealc.pem");
const BANK_KEY: &str = include_str!("../../fixtures/stet/bank.key");
const BANK_CERTIFICATE: &str = include_str!("../../fixtures/stet/bank.pem");
const ID: &str = "0a4bd0d4-2f66-4d3c-8c1e-2f8d6c3b9a10";
const BODY: &[u8] = "{\"creditor\":{\"name\":\"Magazin Ș\"}}".as_bytes();
const ORDER: Request<'_> = Request {
    method: "post",
    target: "/stet/13807/stet/psd2/v1.4.2/payment-requests",
    request_id: ID,
    body: BODY,
};
const QUESTION: Request<'_> = Request {
    method: "get",
    target: "/stet/psd2/v1.4.2/accounts/7/transactions?dateFrom=2026-10-01T00:00:00Z&x=a%20b",
    request_id: ID,
    body: b"",
};

/// What httpsig says.
fn httpsig(asked: &Value) -> Value {
    let mut program = Program::start("signatures.py", &[]);
    writeln!(program.child.stdin.as_mut().unwrap(), "{asked}").unwrap();
    let mut said = String::new();
    program.says.read_line(&mut said).unwrap();
    serde_json::from_str(&said).unwrap()
}

/// A request that we signed, as httpsig is asked about it.
fn signed_by_us(request: &Request<'_>) -> Value {
    let signer = Signer::new(OUR_KEY, serial_and_issuer(OUR_CERTIFICATE).unwrap()).unwrap();
    let headers = signer.headers(request, Clock::default().now()).unwrap();
    let text = |name: &str| headers[name].to_str().unwrap();
    json!({
        "do": "verify",
        "key": OUR_CERTIFICATE,
        "method": request.method,
        "target": request.target,
        "headers": {
            "Date": text("date"),
            "Digest": text("digest"),
            "Signature": text("signature"),
            "X-Request-ID": request.request_id,
        },
    })
}

/// The text with another character in its middle.
fn changed(text: &str) -> String {
    let (middle, mut characters) = (text.len() / 2, text.chars().collect::<Vec<_>>());
    characters[middle] = if characters[middle] == '1' { '2' } else { '1' };
    characters.into_iter().collect()
}

#[test]
#[ignore = "needs tests/conformance.sh"]
fn httpsig_believes_what_we_sign_and_nothing_that_was_changed() {
    for request in [ORDER, QUESTION] {
        let asked = signed_by_us(&request);
        assert_eq!(httpsig(&asked), true, "{asked}");
    }
    let good = signed_by_us(&ORDER);
    for place in ["/target", "/headers/Date", "/headers/X-Request-ID"] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = changed(good.pointer(place).unwrap().as_str().unwrap()).into();
        assert_eq!(httpsig(&bad), false, "{place}");
    }
    // The body is covered through its digest.
    let body = changed(std::str::from_utf8(BODY).unwrap());
    for (place, value) in [
        ("/headers/Digest", digest_of(body.as_bytes())),
        ("/method", "put".into()),
        ("/key", BANK_CERTIFICATE.into()),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value.into();
        assert_eq!(httpsig(&bad), false, "{place}");
    }
    let mut bad = good.clone();
    let signature = good["headers"]["Signature"].as_str().unwrap();
    let (before, value) = signature.rsplit_once("signature=\"").unwrap();
    bad["headers"]["Signature"] = format!("{before}signature=\"{}\"", changed(value.trim_end_matches('"'))).into();
    assert_eq!(httpsig(&bad), false);
}

/// The headers of an answer to the order that httpsig signed with the bank's key.
fn signed_by_httpsig(body: &[u8], signed: &[&str], now: Timestamp) -> HeaderMap {
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let pairs = [("date", date), ("digest", digest_of(body)), ("x-request-id", ID.to_owned())];
    let header = httpsig(&json!({
        "do": "sign",
        "key": BANK_KEY,
        "key_id": "SN=1,CA=CN=Bank",
        "method": ORDER.method,
        "target": ORDER.target,
        "headers": pairs.iter().map(|(n, v)| ((*n).to_owned(), v.clone().into())).collect::<serde_json::Map<_, _>>(),
        "signed": signed,
    }));
    let signature = ("signature", header.as_str().unwrap().to_owned());
    pairs
        .into_iter()
        .chain([signature])
        .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(&v).unwrap()))
        .collect()
}

#[test]
#[ignore = "needs tests/conformance.sh"]
fn we_believe_what_httpsig_signs_and_nothing_that_was_changed() {
    let verifier = Verifier::new(BANK_CERTIFICATE).unwrap();
    let (now, body) = (Clock::default().now(), b"{\"result\":true}");
    for signed in [
        ["date", "digest", "x-request-id"].as_slice(),
        &["(request-target)", "x-request-id", "digest", "date"],
    ] {
        let headers = signed_by_httpsig(body, signed, now);
        assert_eq!(verifier.verify(&headers, body, &ORDER, now), Ok(()));
        assert_eq!(verifier.verify(&headers, b"{\"result\":trve}", &ORDER, now), Err(NotSigned::Wrong));
        for name in ["date", "digest", "x-request-id"] {
            let mut bad = headers.clone();
            let value = changed(headers[name].to_str().unwrap());
            bad.insert(name, HeaderValue::from_str(&value).unwrap());
            assert_eq!(verifier.verify(&bad, body, &ORDER, now), Err(NotSigned::Wrong), "{name}");
        }
        let ours = Verifier::new(OUR_CERTIFICATE).unwrap();
        assert_eq!(ours.verify(&headers, body, &ORDER, now), Err(NotSigned::Wrong));
        let other = Request { target: "/other", ..ORDER };
        let to_another = verifier.verify(&headers, body, &other, now);
        let covers_target = signed.contains(&"(request-target)");
        assert_eq!(to_another.is_err(), covers_target, "{signed:?}");
    }
}
