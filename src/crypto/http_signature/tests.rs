//! The examples of RFC 9421, and what must not pass.

use super::*;
use crate::crypto::signing::PublicKey;
use serde_json::json;

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap()
}

/// Appendix B.1.3.
fn rfc_p256() -> PublicKey {
    PublicKey::from_jwk(&json!({
        "kty": "EC", "crv": "P-256",
        "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
        "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
    }))
    .unwrap()
}

/// Appendix B.1.4.
fn rfc_ed25519() -> PublicKey {
    PublicKey::from_jwk(&json!({ "kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs" })).unwrap()
}

#[test]
fn the_signed_answer_of_rfc_9421_appendix_b_2_4() {
    let digest = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:";
    let input = r#"sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#;
    let signature = "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:";
    let received = Received::all(input, signature).unwrap();
    let value = |status: &'static str| {
        move |c: Component<'_>| match c.name {
            "@status" => Some(status.to_owned()),
            "content-type" => Some("application/json".into()),
            "content-digest" => Some(digest.into()),
            "content-length" => Some("23".into()),
            _ => None,
        }
    };
    assert_eq!(received.len(), 1);
    assert_eq!(
        (received[0].key_id(), received[0].created()),
        (Some("test-key-ecc-p256"), Some(1_618_884_473))
    );
    assert_eq!(received[0].verify(&rfc_p256(), value("200")), Ok(()));
    assert_eq!(received[0].verify(&rfc_p256(), value("201")), Err(Fault::Forged));
    assert_eq!(received[0].verify(&rfc_ed25519(), value("200")), Err(Fault::Forged));
    assert!(digest_matches(digest, br#"{"message": "good dog"}"#));
    assert!(!digest_matches(digest, br#"{"message": "good cat"}"#));
}

#[test]
fn the_signed_request_of_rfc_9421_appendix_b_2_6() {
    let input =
        r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    let signature = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
    let target = Target::of_url("POST", &Url::parse("https://example.com/foo?param=Value&Pet=dog").unwrap());
    let value = |c: Component<'_>| match c.name {
        "date" => Some("Tue, 20 Apr 2021 02:07:55 GMT".into()),
        "content-type" => Some("application/json".into()),
        "content-length" => Some("18".into()),
        derived => target.value(derived),
    };
    let received = Received::all(input, signature).unwrap();
    assert_eq!(received[0].verify(&rfc_ed25519(), value), Ok(()));
}

#[test]
fn derived_components_as_rfc_9421_section_2_2_prints_them() {
    let target = Target {
        authority: "WWW.Example.com:443".into(),
        ..Target::of_url("post", &Url::parse("https://www.example.com/path?param=value").unwrap())
    };
    for (name, value) in [
        ("@method", "POST"),
        ("@scheme", "https"),
        ("@authority", "www.example.com"),
        ("@target-uri", "https://www.example.com/path?param=value"),
        ("@request-target", "/path?param=value"),
        ("@path", "/path"),
        ("@query", "?param=value"),
    ] {
        assert_eq!(target.value(name).as_deref(), Some(value), "{name}");
    }
    let bare = Target { query: None, ..target };
    assert_eq!(bare.value("@query").as_deref(), Some("?"));
    assert_eq!(bare.value("@status"), None);
}

#[test]
fn what_we_sign_is_read_again_and_nothing_else_is() {
    let (key, other) = (key(), key());
    let url = Url::parse("https://shop.example/notice?x=1").unwrap();
    let body = br#"{"paymentId":7}"#;
    let [(_, digest), (_, input), (_, signature)] = sign_request(&key, ("POST", &url), ("application/json", body), 1_800_000_000).unwrap();
    let received = &Received::all(&input, &signature).unwrap()[0];
    let value = |method: &str, kind: &str| {
        let (target, digest, kind) = (Target::of_url(method, &url), digest.clone(), kind.to_owned());
        move |c: Component<'_>| match c.name {
            "content-digest" => Some(digest.clone()),
            "content-type" => Some(kind.clone()),
            derived => target.value(derived),
        }
    };
    assert_eq!(received.verify(key.public(), value("POST", "application/json")), Ok(()));
    assert_eq!(received.verify(key.public(), value("PUT", "application/json")), Err(Fault::Forged));
    assert_eq!(received.verify(key.public(), value("POST", "text/plain")), Err(Fault::Forged));
    assert_eq!(
        received.verify(other.public(), value("POST", "application/json")),
        Err(Fault::Forged)
    );
    assert_eq!(
        received.verify(&rfc_ed25519(), value("POST", "application/json")),
        Err(Fault::Algorithm)
    );
    let missing = |c: Component<'_>| value("POST", "application/json")(c).filter(|_| c.name != "content-type");
    assert_eq!(received.verify(key.public(), missing), Err(Fault::Missing("content-type".into())));
    assert!(received.covers(Component::own("@method")) && !received.covers(Component::of_request("@method")));
    assert!(digest_matches(&digest, body) && !digest_matches(&digest, b"{}"));
    // What was covered cannot be taken away, nor the time be changed.
    for (from, to) in [
        (r#" "content-digest""#, ""),
        ("created=1800000000", "created=1800000001"),
        (REQUEST_TAG, "another"),
    ] {
        let changed = input.replace(from, to);
        assert_ne!(changed, input);
        let changed = &Received::all(&changed, &signature).unwrap()[0];
        assert_eq!(
            changed.verify(key.public(), value("POST", "application/json")),
            Err(Fault::Forged),
            "{to}"
        );
    }
}

#[test]
fn rubbish_is_unreadable_and_what_is_not_known_is_said_so() {
    let long = "a".repeat(9000);
    for (input, signature) in [
        ("", ""),
        ("sig1=()", ""),
        ("", "sig1=:AA==:"),
        ("sig1=()", "sig2=:AA==:"),
        ("sig1=1", "sig1=:AA==:"),
        ("sig1=()", "sig1=1"),
        ("sig1=(", "sig1=:AA==:"),
        (long.as_str(), "sig1=:AA==:"),
    ] {
        assert_eq!(
            Received::all(input, signature).unwrap_err(),
            Fault::Unreadable,
            "{input} {signature}"
        );
    }
    let key = key();
    for covered in [
        r#""@query-param";name="a""#,
        r#""date";sf"#,
        r#""Date""#,
        r#""date";req=?0"#,
        r#""date" "date""#,
    ] {
        let received = &Received::all(&format!("s=({covered})"), "s=:AA==:").unwrap()[0];
        let outcome = received.verify(key.public(), |_| Some("x".into()));
        assert!(matches!(outcome, Err(Fault::Unsupported(_))), "{covered}: {outcome:?}");
    }
    for digest in ["", "sha-256", "md5=:AA==:", "sha-256=:AA==:", "sha-256=1"] {
        assert!(!digest_matches(digest, b""), "{digest}");
    }
    let right = content_digest(b"");
    assert!(digest_matches(&format!("{right}, md5=:AA==:"), b""));
    assert!(!digest_matches(&format!("{right}, sha-512=:AA==:"), b""));
}
