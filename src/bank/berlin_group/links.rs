//! `_links`, however a bank writes them: `{"href": "…"}` or the bare text, absolute or relative.

use super::wire::is_bank_id;
use serde_json::Value;
use std::collections::BTreeMap;

/// More links than this are not read.
const MAX_LINKS: usize = 50;
/// The segment in front of an authorisation's id.
const BEFORE_THE_ID: &str = "/authorisations/";

/// The links of one answer. They say what comes next; the addresses we call are never taken from them.
#[derive(Debug, Default)]
pub struct Links(BTreeMap<String, String>);

impl Links {
    /// Reads the links of an answer; what is no link is passed over.
    pub fn read(body: &Value) -> Self {
        let links = body.get("_links").and_then(Value::as_object).into_iter().flatten();
        let text = |link: &Value| link.get("href").unwrap_or(link).as_str().map(str::to_owned);
        Self(links.take(MAX_LINKS).filter_map(|(n, l)| Some((n.clone(), text(l)?))).collect())
    }

    /// The link of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether the authorisation must be started by a call of its own.
    pub fn start_is_explicit(&self) -> bool {
        self.0.keys().any(|name| name.starts_with("startAuthorisation"))
    }

    /// Whether the bank wants something of the PSU that we never take: the password of their online bank.
    pub fn want_a_password(&self) -> bool {
        ["updatePsuAuthentication", "updateEncryptedPsuAuthentication"]
            .iter()
            .any(|name| self.0.contains_key(*name))
    }

    /// The authorisation that these links belong to, by the id in them.
    pub fn authorisation_id(&self) -> Option<String> {
        let names = ["scaStatus", "authoriseTransaction", "selectAuthenticationMethod"];
        names.into_iter().find_map(|name| id_in(self.get(name)?))
    }
}

/// The segment behind `/authorisations/`. One that is percent-encoded is not guessed at: the bank also lists
/// the authorisations of an order.
fn id_in(link: &str) -> Option<String> {
    let (_, rest) = link.split_once(BEFORE_THE_ID)?;
    let id = rest.split(['/', '?', '#']).next().filter(|id| !id.contains('%'))?;
    is_bank_id(id).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn links_of_every_make_are_read() {
        for status in [
            json!({"href": "https://bank.example/v1/payments/p/1/authorisations/a-1"}),
            json!({"href": "/v1/payments/p/1/authorisations/a-1?x=1"}),
            json!("v1/payments/p/1/authorisations/a-1/"),
            json!("/authorisations/a-1#x"),
        ] {
            let links = Links::read(&json!({"_links": {"scaStatus": status}}));
            assert_eq!(links.authorisation_id().as_deref(), Some("a-1"));
        }
        for status in [
            json!({}),
            json!("/authorisations/"),
            json!("/authorisations/.."),
            json!("/authorisations/a%2F1"),
            json!("/a/b"),
            json!(7),
        ] {
            assert_eq!(Links::read(&json!({"_links": {"scaStatus": status}})).authorisation_id(), None);
        }
        let links = |json: Value| Links::read(&json!({ "_links": json }));
        assert!(links(json!({"startAuthorisationWithPsuIdentification": "/x"})).start_is_explicit());
        assert!(!links(json!({"self": "/x"})).start_is_explicit() && !links(json!("none")).start_is_explicit());
        assert!(links(json!({"updatePsuAuthentication": {"href": "/x"}})).want_a_password());
    }

    proptest! {
        #[test]
        fn an_id_out_of_a_link_is_always_one_segment(link in "\\PC{0,40}|(/authorisations/)?[a-z./%0-9A-F?#]{0,40}") {
            let links = Links::read(&json!({"_links": {"scaStatus": link}}));
            prop_assert!(links.authorisation_id().is_none_or(|id| is_bank_id(&id)));
        }
    }
}
