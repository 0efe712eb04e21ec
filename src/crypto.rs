//! Sealing of columns, hashes of tokens, and randomness.
//!
//! **Invariant:** a sealed value opens only with the right key, in the same table, column and row it was
//! sealed for; a value copied elsewhere does not open. Tokens are stored as hashes only.

pub mod http_signature;
pub mod key_file;
pub mod signing;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hmac, rand};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Format of a sealed value: this byte, the key id (4 bytes, big endian), the nonce, the ciphertext with its tag.
const FORMAT: u8 = 1;
const HEADER: usize = 1 + 4;

/// What can go wrong with sealed values and key files.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// The key file cannot be used; the text says why and how to mend it.
    #[error("{0}")]
    KeyFile(String),
    /// The value was not sealed for this place, was changed, or its key is not in the key file.
    #[error("a sealed value does not open ({0})")]
    NotOpened(&'static str),
    /// A key that signs or verifies cannot be used.
    #[error("{0}")]
    Key(&'static str),
}

/// Where a sealed value lives; part of what is authenticated (AEAD associated data, RFC 5116 section 2.1).
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table name.
    pub table: &'static str,
    /// Column name.
    pub column: &'static str,
    /// Primary key of the row.
    pub row: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> Aad<Vec<u8>> {
        Aad::from(format!("{}|{}|{}", self.table, self.column, self.row).into_bytes())
    }
}

/// The keys, newest first: the first seals, all open.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<Vec<(u32, LessSafeKey)>>,
    derive: Arc<hmac::Key>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads a key file: one `id:base64 of 32 bytes` a line, the sealing key first, and perhaps one
    /// `derive:base64 of 32 bytes` for keyed hashes (otherwise the last key makes them). The file must not be
    /// readable by anyone but its owner.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when it cannot be read, is open to others, or a line is not a key.
    pub fn open_file(path: &Path) -> Result<Self, CryptoError> {
        let shown = path.display();
        let fault = |what: String| CryptoError::KeyFile(format!("encryption key file {shown}: {what}"));
        let meta = std::fs::metadata(path)
            .map_err(|e| fault(format!("{e}; create one with `smartpay migrate` or name it in encryption.key_file")))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = meta.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(fault(format!(
                    "its mode is {mode:04o}, so others can read it; run chmod 600 {shown}"
                )));
            }
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| fault(e.to_string()))?);
        Self::parse(&text).map_err(|e| fault(e.to_string()))
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] names the line that is not a key.
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let lines = key_file::read(text)?;
        let fault = |_| CryptoError::KeyFile("a key cannot be used".into());
        let key =
            |(id, bytes): &(u32, Zeroizing<Vec<u8>>)| Ok((*id, LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).map_err(fault)?)));
        let keys = lines.keys.iter().map(key).collect::<Result<_, CryptoError>>()?;
        // Adding or removing a key for sealing changes no derived value (form keys, search keys, checkpoints).
        let derive = hmac::Key::new(hmac::HMAC_SHA256, &lines.derive);
        Ok(Self {
            keys: Arc::new(keys),
            derive: Arc::new(derive),
        })
    }

    /// The text of a new key file with one fresh key.
    #[must_use]
    pub fn new_key_file() -> Zeroizing<String> {
        let key = Zeroizing::new(random::<32>());
        Zeroizing::new(format!(
            "# id:key, the first one seals, all of them open\n1:{}\n",
            BASE64_STANDARD.encode(*key)
        ))
    }

    /// Seals a value for one place. AES-256-GCM-SIV (RFC 8452) with a random nonce: nonce-misuse resistant.
    #[must_use]
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let (id, key) = &self.keys[0];
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = plain.to_vec();
        #[expect(clippy::expect_used, reason = "sealing fails only beyond 2^36 bytes")]
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place.associated_data(), &mut sealed)
            .expect("short enough to seal");
        let mut out = Vec::with_capacity(HEADER + NONCE_LEN + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&nonce);
        out.append(&mut sealed);
        out
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`CryptoError::NotOpened`] names the column.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let fault = || CryptoError::NotOpened(place.column);
        let id = Self::sealed_with(sealed).ok_or_else(fault)?;
        let (nonce, rest) = sealed[HEADER..].split_at_checked(NONCE_LEN).ok_or_else(fault)?;
        let (_, key) = self.keys.iter().find(|(known, _)| *known == id).ok_or_else(fault)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fault())?;
        let mut buffer = Zeroizing::new(rest.to_vec());
        let length = key
            .open_in_place(nonce, place.associated_data(), &mut buffer)
            .map_err(|_| fault())?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn seals_with(&self) -> u32 {
        self.keys[0].0
    }

    /// How many keys open.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// The id of the key a value was sealed with; `None` when it is no sealed value.
    #[must_use]
    pub fn sealed_with(sealed: &[u8]) -> Option<u32> {
        let [FORMAT, id @ ..] = sealed.get(..HEADER)? else { return None };
        Some(u32::from_be_bytes(id.try_into().ok()?))
    }

    /// A keyed hash for a purpose (HMAC-SHA-256), as unpadded base64url: form tokens and the like.
    #[must_use]
    pub fn keyed_hash(&self, purpose: &str, text: &str) -> String {
        let tag = hmac::sign(&self.derive, format!("{purpose}|{text}").as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref())
    }

    /// The first 64 bits of such a hash: a blind index, by which a value is found that is stored sealed.
    #[must_use]
    pub fn blind_index(&self, purpose: &str, text: &str) -> i64 {
        let tag = hmac::sign(&self.derive, format!("{purpose}|{text}").as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&tag.as_ref()[..8]);
        i64::from_be_bytes(first)
    }
}

/// SHA-256 of a token, as unpadded base64url: what is stored instead of the token.
#[must_use]
pub fn token_hash(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// SHA-256 of bytes, lower-case hexadecimal: certificate fingerprints.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Random bytes from the operating system's generator.
#[must_use]
#[expect(clippy::expect_used, reason = "without randomness nothing may go on")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system's random generator works");
    bytes
}

/// A new secret for a link, token or cookie: 256 bits as unpadded base64url (43 characters).
#[must_use]
pub fn new_token() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::<32>())
}

/// A new `state` for a bank: 192 bits as unpadded base64url (32 characters; some banks take at most 34).
#[must_use]
pub fn new_state() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::<24>())
}

/// Compares two secrets in a time that tells nothing of where they differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(row: &str) -> Place<'_> {
        Place {
            table: "payments",
            column: "psu_email",
            row,
        }
    }

    #[test]
    fn opens_only_where_it_was_sealed_and_unchanged() {
        let vault = Vault::parse(&Vault::new_key_file()).unwrap();
        let sealed = vault.seal(place("7"), b"ana@example.ro");
        assert_eq!(vault.open(place("7"), &sealed).unwrap().as_slice(), b"ana@example.ro");
        assert!(vault.open(place("8"), &sealed).is_err());
        assert!(
            vault
                .open(
                    Place {
                        column: "debtor_iban",
                        ..place("7")
                    },
                    &sealed
                )
                .is_err()
        );
        assert!(Vault::parse(&Vault::new_key_file()).unwrap().open(place("7"), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(place("7"), &changed).is_err(), "byte {at}");
            assert!(vault.open(place("7"), &sealed[..at]).is_err());
        }
    }

    #[test]
    fn an_older_key_still_opens_and_derived_values_stay() {
        let old = Vault::new_key_file();
        let old_line = old.lines().last().unwrap();
        let both = format!("2:{}\n{old_line}\n", BASE64_STANDARD.encode([9u8; 32]));
        let (before, after) = (Vault::parse(&old).unwrap(), Vault::parse(&both).unwrap());
        let sealed = before.seal(place("7"), b"x");
        assert_eq!(after.open(place("7"), &sealed).unwrap().as_slice(), b"x");
        assert_eq!(before.keyed_hash("csrf", "a"), after.keyed_hash("csrf", "a"));
        assert!(before.open(place("7"), &after.seal(place("7"), b"x")).is_err());
    }

    #[test]
    fn a_bad_key_file_is_refused_with_its_line() {
        for text in ["", "# nothing\n", "1:short", "x:AAAA", "1"] {
            assert!(Vault::parse(text).is_err(), "{text}");
        }
        let line = format!("1:{}", BASE64_STANDARD.encode([1u8; 32]));
        assert!(Vault::parse(&format!("{line}\n{line}")).unwrap_err().to_string().contains("line 2"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, Vault::new_key_file().as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Vault::open_file(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Vault::open_file(&path).is_ok());
    }

    proptest! {
        #[test]
        fn anything_comes_back_and_rubbish_never_panics(plain: Vec<u8>, rubbish: Vec<u8>) {
            let vault = Vault::parse(&Vault::new_key_file()).unwrap();
            prop_assert_eq!(vault.open(place("1"), &vault.seal(place("1"), &plain)).unwrap().to_vec(), plain);
            prop_assert!(vault.open(place("1"), &rubbish).is_err());
        }
    }
}
