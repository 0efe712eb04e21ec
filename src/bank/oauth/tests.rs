use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[test]
fn pkce_agrees_with_the_standard() {
    // RFC 7636 appendix B.
    assert_eq!(
        code_challenge(&secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    let verifier = code_verifier(&[1; 32]);
    assert_eq!(verifier.expose().len(), 43);
    assert!(
        verifier
            .expose()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    );
    assert!(verifier == code_verifier(&[1; 32]) && verifier != code_verifier(&[2; 32]));
}

#[test]
fn a_secret_survives_storage_and_never_prints() {
    let stored = serde_json::to_string(&secret("s3cret")).unwrap();
    assert_eq!(serde_json::from_str::<Secret>(&stored).unwrap().expose(), "s3cret");
    assert!(!format!("{:?}", secret("s3cret")).contains("s3cret"));
    assert!(secret("a").matches("a") && !secret("a").matches("b") && !secret("a").matches("ab") && !secret("a").matches(""));
}

fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn a_return_is_believed_as_far_as_it_proves_itself() {
    let state = secret("ours");
    let read = |pairs: &[(&str, &str)]| came_back(&query(pairs), &state);
    let code = || CameBack::Code(secret("c"));
    assert_eq!(read(&[("code", "c"), ("state", "ours")]), code());
    assert_eq!(read(&[("code", "c"), ("other", "1"), ("other", "2")]), code());
    for denied in ["access_denied", "acces_denied"] {
        assert_eq!(read(&[("error", denied), ("state", "ours")]), CameBack::Denied);
        assert_eq!(read(&[("error", denied)]), CameBack::Nothing);
        assert_eq!(read(&[("error", denied), ("state", "theirs")]), CameBack::Nothing);
        assert_eq!(read(&[("error", denied), ("state", "ours"), ("code", "c")]), CameBack::Nothing);
        assert_eq!(read(&[("error", denied), ("state", "ours"), ("state", "ours")]), CameBack::Nothing);
    }
    let long = "c".repeat(MAX_TOKEN_BYTES + 1);
    for pairs in [
        &[("code", "c"), ("state", "theirs")][..],
        &[("code", "c"), ("code", "d"), ("state", "ours")],
        &[("code", ""), ("state", "ours")],
        &[("code", "ș"), ("state", "ours")],
        &[("code", "a\nb"), ("state", "ours")],
        &[("code", &long), ("state", "ours")],
        &[("error", "server_error"), ("state", "ours")],
        &[("state", "ours")],
        &[],
    ] {
        assert_eq!(read(pairs), CameBack::Nothing, "{pairs:?}");
    }
}

#[test]
fn tokens_are_read_leniently_but_only_bearer_ones() {
    let old = secret("old");
    let read = |json: &str| read_tokens(json.as_bytes(), Some(&old)).map(|t| (t.access, t.refresh));
    let full = r#"{"token_type":"Bearer","access_token":"a","refresh_token":"r","expires_in":"3595","x":null}"#;
    assert_eq!(read(full), Some((secret("a"), Some(secret("r")))));
    assert_eq!(read(r#"{"access_token":"a"}"#), Some((secret("a"), Some(secret("old")))));
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":"a\u0000"}"#,
        r#"{"access_token":"a","token_type":"mac"}"#,
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn an_authorise_url_has_each_parameter_once_and_ours_win(
        theirs in prop::collection::vec(("response_type|client_id|redirect_uri|scope|state|code_challenge|code_challenge_method|lang|[a-z]{1,4}", "\\PC{0,12}"), 0..12),
    ) {
        let mut link = Url::parse("https://bank.example/oauth2/authorize#part").unwrap();
        link.query_pairs_mut().extend_pairs(&theirs);
        let redirect_uri = Url::parse("https://pay.example/payment-return/cec").unwrap();
        let (state, verifier) = (secret("our state"), code_verifier(&[9; 32]));
        let request = AuthoriseRequest { client_id: "me", redirect_uri: &redirect_uri, scope: "PIS:1", state: &state, verifier: &verifier };
        let (url, scope) = authorise_url(&link, &request);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let once: BTreeMap<_, _> = pairs.iter().cloned().collect();
        prop_assert_eq!(once.len(), pairs.len());
        prop_assert_eq!(&once["client_id"], "me");
        prop_assert_eq!(&once["redirect_uri"], redirect_uri.as_str());
        prop_assert_eq!(&once["state"], "our state");
        prop_assert_eq!(&once["code_challenge"], &code_challenge(&verifier));
        prop_assert_eq!(&once["code_challenge_method"], "S256");
        prop_assert_eq!(&once["scope"], &scope);
        let first = theirs.iter().find(|(n, _)| n == "scope").map(|(_, v)| v.as_str()).filter(|v| !v.is_empty());
        prop_assert_eq!(scope.as_str(), first.unwrap_or("PIS:1"));
        prop_assert!(!once["response_type"].is_empty() && url.fragment().is_none());
        prop_assert_eq!(url.path(), "/oauth2/authorize");
        let again = authorise_url(&url, &request).0;
        prop_assert_eq!(again.query_pairs().count(), pairs.len());
    }
}
