//! HTTP message signatures (RFC 9421) and the digest of a body (`Content-Digest`, RFC 9530): what answers of the
//! gateway and our own calls to partners carry, and what partners' requests may carry.
//!
//! A part of the standard: derived components and whole header fields, those of the request an answer belongs to
//! (`;req`), and no other component parameters. Structured fields (RFC 9651) are read and written by the `sfv` crate.
//!
//! **Invariant:** what is verified is what was received, to the byte; the algorithm is the key's own, whatever the
//! message says.

mod body;
mod read;

pub use body::{content_digest, digest_matches};
pub use read::{Fault, Received};

use super::CryptoError;
use super::signing::SigningKey;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sfv::{BareItem, InnerList, Item, Key, ListEntry, ListSerializer, Parameters, String as Text};
use url::Url;

/// The label of our signatures.
pub const LABEL: &str = "sig1";
/// The application of signatures on our answers (the parameter `tag`, RFC 9421 section 2.3).
pub const ANSWER_TAG: &str = "smartpay-answer";
/// The application of signatures on requests that we send.
pub const REQUEST_TAG: &str = "smartpay-request";

/// What is covered of an answer: all of it, and which request it answers.
pub const ANSWER_COVERS: [Component<'static>; 7] = [
    Component::own("@status"),
    Component::own("content-digest"),
    Component::own("content-type"),
    Component::of_request("@method"),
    Component::of_request("@authority"),
    Component::of_request("@path"),
    Component::of_request("@query"),
];

/// A component identifier (RFC 9421 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component<'a> {
    /// A header field in lower case, or a derived component with its `@`.
    pub name: &'a str,
    /// Whether it is one of the request that an answer belongs to (section 2.4).
    pub of_request: bool,
}

impl<'a> Component<'a> {
    /// Of the message itself.
    #[must_use]
    pub const fn own(name: &'a str) -> Self {
        Self { name, of_request: false }
    }

    /// Of the request that is answered.
    #[must_use]
    pub const fn of_request(name: &'a str) -> Self {
        Self { name, of_request: true }
    }
}

/// Where a request goes, as both sides see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The method, in capitals.
    pub method: String,
    /// `https` or `http`.
    pub scheme: String,
    /// Host and port as the `Host` header names them.
    pub authority: String,
    /// The path as it was sent.
    pub path: String,
    /// What stands behind the `?`, if there is one.
    pub query: Option<String>,
}

impl Target {
    /// Of a request that is sent.
    #[must_use]
    pub fn of_url(method: &str, url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        Self {
            method: method.to_ascii_uppercase(),
            scheme: url.scheme().to_owned(),
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            path: url.path().to_owned(),
            query: url.query().map(ToOwned::to_owned),
        }
    }

    /// Lower case, without the scheme's own port (RFC 9421 section 2.2.3).
    fn normal_authority(&self) -> String {
        let lower = self.authority.to_ascii_lowercase();
        let port = if self.scheme == "https" { ":443" } else { ":80" };
        lower.strip_suffix(port).map(ToOwned::to_owned).unwrap_or(lower)
    }

    fn path_or_root(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// The value of a derived component (RFC 9421 section 2.2); `None` of one that a request has not, or that is
    /// not known here.
    #[must_use]
    pub fn value(&self, component: &str) -> Option<String> {
        let query = || self.query.as_ref().map(|q| format!("?{q}"));
        Some(match component {
            "@method" => self.method.clone(),
            "@scheme" => self.scheme.to_ascii_lowercase(),
            "@authority" => self.normal_authority(),
            "@path" => self.path_or_root().to_owned(),
            // One that is absent and one that is empty look the same (section 2.2.7).
            "@query" => query().unwrap_or_else(|| "?".into()),
            "@request-target" => format!("{}{}", self.path_or_root(), query().unwrap_or_default()),
            "@target-uri" => {
                let query = query().unwrap_or_default();
                format!("{}://{}{}{query}", self.scheme, self.normal_authority(), self.path_or_root())
            }
            _ => return None,
        })
    }
}

/// The headers of a signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The value of `Signature-Input`.
    pub input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs a message: `value` answers each component's value. `created` is in seconds since 1970.
///
/// # Errors
/// [`CryptoError::Key`] when a component has no value.
pub fn sign(
    key: &SigningKey,
    tag: &str,
    created: i64,
    covered: &[Component<'_>],
    value: impl Fn(Component<'_>) -> Option<String>,
) -> Result<Signed, CryptoError> {
    let unfit = CryptoError::Key("a component or parameter cannot be written");
    let Some(list) = list_of(key, tag, created, covered) else {
        return Err(unfit);
    };
    let parameters = written(&list);
    let mut base = String::with_capacity(512);
    for component in covered {
        let Some(value) = value(*component) else { return Err(unfit) };
        line(&mut base, *component, &value);
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(&parameters);
    let signature = BASE64_STANDARD.encode(key.sign(base.as_bytes())?);
    Ok(Signed {
        input: format!("{LABEL}={parameters}"),
        signature: format!("{LABEL}=:{signature}:"),
    })
}

/// The headers that make a signed request of one with a body: `Content-Digest`, `Signature-Input` and `Signature`.
/// It covers method, URL, body and its type. `created` is in seconds since 1970.
///
/// # Errors
/// [`CryptoError::Key`] when nothing can be signed.
pub fn sign_request(
    key: &SigningKey,
    (method, url): (&str, &Url),
    (content_type, body): (&str, &[u8]),
    created: i64,
) -> Result<[(&'static str, String); 3], CryptoError> {
    let covered = ["@method", "@target-uri", "content-digest", "content-type"].map(Component::own);
    let (target, digest) = (Target::of_url(method, url), content_digest(body));
    let signed = sign(key, REQUEST_TAG, created, &covered, |component| match component.name {
        "content-digest" => Some(digest.clone()),
        "content-type" => Some(content_type.to_owned()),
        derived => target.value(derived),
    })?;
    Ok([
        ("Content-Digest", digest),
        ("Signature-Input", signed.input),
        ("Signature", signed.signature),
    ])
}

fn list_of(key: &SigningKey, tag: &str, created: i64, covered: &[Component<'_>]) -> Option<InnerList> {
    let item = |component: &Component<'_>| {
        let mut item = Item::new(Text::from_string(component.name.to_owned()).ok()?);
        if component.of_request {
            item.params.insert(Key::from_string("req".into()).ok()?, BareItem::Boolean(true));
        }
        Some(item)
    };
    let text = |text: &str| Text::from_string(text.to_owned()).ok().map(BareItem::String);
    let mut params = Parameters::new();
    for (name, value) in [
        ("created", BareItem::Integer(sfv::Integer::try_from(created).ok()?)),
        ("keyid", text(key.kid())?),
        ("alg", text(key.public().algorithm())?),
        ("tag", text(tag)?),
    ] {
        params.insert(Key::from_string(name.into()).ok()?, value);
    }
    let items: Option<Vec<Item>> = covered.iter().map(item).collect();
    Some(InnerList::with_params(items?, params))
}

fn written(list: &InnerList) -> String {
    let mut serializer = ListSerializer::new();
    serializer.members([&ListEntry::InnerList(list.clone())]);
    serializer.finish().unwrap_or_default()
}

fn line(base: &mut String, component: Component<'_>, value: &str) {
    let parts = [
        "\"",
        component.name,
        if component.of_request { "\";req: " } else { "\": " },
        value,
        "\n",
    ];
    base.extend(parts);
}

#[cfg(test)]
mod tests;
