//! `_links` and the shape of the JSON, as each bank writes them.

use super::profile::{LinkStyle, Profile};
use crate::sandbox::SandboxSettings;
use serde_json::{Map, Value, json};

/// The links of one answer.
#[derive(Debug)]
pub(in crate::sandbox) struct Links<'a> {
    profile: &'a Profile,
    settings: &'a SandboxSettings,
    links: Map<String, Value>,
}

impl<'a> Links<'a> {
    pub(in crate::sandbox) fn new(profile: &'a Profile, settings: &'a SandboxSettings) -> Self {
        let links = Map::new();
        Self { profile, settings, links }
    }

    /// A link into the interface; `path` begins with `/v1`.
    pub(in crate::sandbox) fn to(mut self, name: &str, path: &str) -> Self {
        let prefix = self.profile.bank.prefix();
        let absolute = || self.settings.url(&format!("{prefix}{path}"));
        let link = match self.profile.links {
            LinkStyle::Absolute => json!({ "href": absolute() }),
            LinkStyle::FromHost => json!({ "href": format!("{prefix}{path}") }),
            LinkStyle::FromBase => json!({ "href": path }),
            LinkStyle::PlainStrings => absolute().into(),
        };
        self.links.insert(name.to_owned(), link);
        self
    }

    /// A link for the PSU's browser: always a whole address. `path` begins behind the bank's prefix.
    pub(in crate::sandbox) fn for_the_browser(mut self, name: &str, path: &str) -> Self {
        let url = self.settings.url(&format!("{}{path}", self.profile.bank.prefix()));
        self.links.insert(name.to_owned(), json!({ "href": url }));
        self
    }

    /// Puts the links into an answer, and a message to the PSU where this bank puts it.
    pub(in crate::sandbox) fn into(mut self, mut body: Value, psu_message: Option<&str>) -> Value {
        if let Some(message) = psu_message {
            if self.profile.odd_json {
                self.links.insert("psuMessage".to_owned(), message.into());
            } else {
                body["psuMessage"] = message.into();
            }
        }
        body["_links"] = Value::Object(self.links);
        body
    }
}

/// The JSON as this bank writes it: some write every boolean and number as a string.
pub(in crate::sandbox) fn shaped(profile: &Profile, body: Value) -> Value {
    if profile.odd_json { as_strings(body) } else { body }
}

fn as_strings(value: Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::Array(items) => items.into_iter().map(as_strings).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, v)| (name, as_strings(v))).collect()),
        other => other,
    }
}
