//! The digest of a body (RFC 9530).

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sfv::{BareItem, Dictionary, ListEntry, Parser};

/// The value of `Content-Digest` for a body: SHA-256.
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(digest(&SHA256, body)))
}

/// Whether a `Content-Digest` is this body's: every digest of an algorithm that counts as safe (`sha-256`, `sha-512`)
/// agrees, and there is at least one.
#[must_use]
pub fn digest_matches(header: &str, body: &[u8]) -> bool {
    let Ok(read) = Parser::new(header).parse::<Dictionary>() else {
        return false;
    };
    let mut matched = 0;
    for (name, entry) in &read {
        let expected = match name.as_str() {
            "sha-256" => digest(&SHA256, body),
            "sha-512" => digest(&SHA512, body),
            _ => continue,
        };
        match entry {
            ListEntry::Item(item) if matches!(&item.bare_item, BareItem::ByteSequence(bytes) if bytes == expected.as_ref()) => {
                matched += 1;
            }
            _ => return false,
        }
    }
    matched > 0
}
