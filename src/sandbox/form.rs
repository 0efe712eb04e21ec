//! Forms and queries.

use std::collections::HashMap;
use url::form_urlencoded;

/// The parameters of a form or query; `None` when one comes twice (RFC 6749 §3.1 and §3.2 forbid it).
pub(super) fn parameters(encoded: &[u8]) -> Option<HashMap<String, String>> {
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    // A parameter without a value counts as omitted (RFC 6749 §3.1).
    parameters.retain(|_, value| !value.is_empty());
    Some(parameters)
}
