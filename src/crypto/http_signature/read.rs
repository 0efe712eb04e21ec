//! Signatures that somebody else has made.

use super::{Component, line, written};
use crate::crypto::signing::PublicKey;
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};

/// Longest headers that are read, in bytes.
const MAX_BYTES: usize = 8192;
/// Most signatures in a message that are read.
const MOST_SIGNATURES: usize = 10;
/// Most components of a signature.
const MOST_COMPONENTS: usize = 50;

/// Why a signature cannot be read or does not hold; the text is for who made it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The headers are no structured fields of RFC 9421, or too long.
    #[error("Signature-Input and Signature cannot be read (RFC 9421, section 4)")]
    Unreadable,
    /// It covers something that is not understood here.
    #[error("the component {0} is not understood here: derived components and whole header fields are")]
    Unsupported(String),
    /// It covers something that the message has not.
    #[error("the component {0} is covered, but the message has none")]
    Missing(String),
    /// It says another algorithm than the key's.
    #[error("alg is not the algorithm of this key")]
    Algorithm,
    /// The key has not signed this.
    #[error("the signature is not this key's for this message")]
    Forged,
}

/// A signature as it was received, not yet verified.
#[derive(Clone, Debug)]
pub struct Received {
    list: InnerList,
    signature: Vec<u8>,
}

impl Received {
    /// Reads the headers `Signature-Input` and `Signature`: every label that stands in both.
    ///
    /// # Errors
    /// [`Fault::Unreadable`].
    pub fn all(input: &str, signature: &str) -> Result<Vec<Self>, Fault> {
        if input.len() > MAX_BYTES || signature.len() > MAX_BYTES {
            return Err(Fault::Unreadable);
        }
        let read = |text: &str| Parser::new(text).parse::<Dictionary>().map_err(|_| Fault::Unreadable);
        let (inputs, mut signatures) = (read(input)?, read(signature)?);
        let mut received = Vec::new();
        for (label, entry) in inputs {
            let ListEntry::InnerList(list) = entry else {
                return Err(Fault::Unreadable);
            };
            let Some(ListEntry::Item(item)) = signatures.swap_remove(&label) else {
                return Err(Fault::Unreadable);
            };
            let BareItem::ByteSequence(signature) = item.bare_item else {
                return Err(Fault::Unreadable);
            };
            if list.items.len() > MOST_COMPONENTS || received.len() == MOST_SIGNATURES {
                return Err(Fault::Unreadable);
            }
            received.push(Self { list, signature });
        }
        if received.is_empty() {
            Err(Fault::Unreadable)
        } else {
            Ok(received)
        }
    }

    fn parameter(&self, name: &str) -> Option<&BareItem> {
        self.list.params.get(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.parameter(name) {
            Some(BareItem::String(text)) => Some(text.as_str()),
            _ => None,
        }
    }

    fn seconds(&self, name: &str) -> Option<i64> {
        match self.parameter(name) {
            Some(BareItem::Integer(seconds)) => Some((*seconds).into()),
            _ => None,
        }
    }

    /// Which key it claims.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.text("keyid")
    }

    /// What it is for.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.text("tag")
    }

    /// When it was made, in seconds since 1970.
    #[must_use]
    pub fn created(&self) -> Option<i64> {
        self.seconds("created")
    }

    /// Until when it is meant to hold, in seconds since 1970.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.seconds("expires")
    }

    /// Whether it covers a component.
    #[must_use]
    pub fn covers(&self, wanted: Component<'_>) -> bool {
        let is = |item: &sfv::Item| component(item).is_ok_and(|found| found == wanted);
        self.list.items.iter().any(is)
    }

    /// Verifies it: `value` answers each component's value in the message that was received.
    ///
    /// # Errors
    /// [`Fault`] says what is wrong.
    pub fn verify(&self, key: &PublicKey, value: impl Fn(Component<'_>) -> Option<String>) -> Result<(), Fault> {
        // Whether it is there or not, the key decides (RFC 9421 section 3.2, step 6).
        if self.parameter("alg").is_some() && self.text("alg") != Some(key.algorithm()) {
            return Err(Fault::Algorithm);
        }
        let mut base = String::with_capacity(512);
        let mut seen = Vec::new();
        for item in &self.list.items {
            let component = component(item)?;
            // One name twice may be two values for two readers (section 2.5).
            if seen.contains(&component) {
                return Err(Fault::Unsupported(component.name.to_owned()));
            }
            seen.push(component);
            let value = value(component).ok_or_else(|| Fault::Missing(component.name.to_owned()))?;
            line(&mut base, component, &value);
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(&written(&self.list));
        if key.verifies(base.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(Fault::Forged)
        }
    }
}

fn component(item: &sfv::Item) -> Result<Component<'_>, Fault> {
    let BareItem::String(name) = &item.bare_item else {
        return Err(Fault::Unreadable);
    };
    let unsupported = || Fault::Unsupported(name.as_str().to_owned());
    // "@signature-params" covers itself; nothing may name it again (RFC 9421 section 2.3).
    if name.as_str() == "@signature-params" || name.as_str().bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(unsupported());
    }
    let mut of_request = false;
    for (parameter, value) in &item.params {
        match (parameter.as_str(), value) {
            ("req", BareItem::Boolean(true)) => of_request = true,
            _ => return Err(unsupported()),
        }
    }
    Ok(Component {
        name: name.as_str(),
        of_request,
    })
}
