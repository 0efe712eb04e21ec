//! Random words and hashes.

use super::customers::OtpFormat;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt::Write;
use uuid::Uuid;

/// 64 hex digits, 244 of the bits random: codes, tokens, page ids.
pub(super) fn random_word() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// The `S256` code challenge of a verifier (RFC 7636 §4.2).
pub(super) fn pkce_challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// A one-time code of this many characters. Letters and digits that look alike are left out.
pub(super) fn one_time_code(format: OtpFormat, length: usize) -> String {
    let alphabet: &[u8] = match format {
        OtpFormat::Integer => b"0123456789",
        OtpFormat::Characters => b"ACDEFHJKLMNPQRTUVWXY3479",
    };
    let (size, mut rest) = (alphabet.len() as u128, Uuid::new_v4().as_u128());
    (0..length)
        .map(|_| {
            let digit = usize::try_from(rest % size).unwrap_or_default();
            rest /= size;
            char::from(alphabet[digit])
        })
        .collect()
}

/// Compares two secrets in a time that does not depend on where they differ.
pub(super) fn same_secret(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        assert_eq!(
            pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
