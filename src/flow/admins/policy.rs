//! Which passwords are good enough: long, hard to guess, and not one of the last twelve.

use crate::flow::{FieldProblem, FlowError};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use zxcvbn::{Score, zxcvbn};

/// Shortest password, in characters.
pub const MIN_PASSWORD_CHARS: usize = 15;
/// Longest password, in bytes: more would only cost time.
pub const MAX_PASSWORD_BYTES: usize = 256;
/// Words that no good password is made of.
const PRODUCT: [&str; 4] = ["smartpay", "smart pay", "back office", "administrare"];

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than [`MIN_PASSWORD_CHARS`].
    TooShort,
    /// More than [`MAX_PASSWORD_BYTES`].
    TooLong,
    /// Guessed in fewer than 10^10 tries (zxcvbn score below 4).
    TooEasy,
    /// The present one or one of the eleven before.
    UsedBefore,
}

impl Weakness {
    /// A stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::TooEasy => "TOO_EASY",
            Self::UsedBefore => "USED_BEFORE",
        }
    }

    /// The weakness of a stable word.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::TooShort, Self::TooLong, Self::TooEasy, Self::UsedBefore]
            .into_iter()
            .find(|w| w.code() == code)
    }
}

impl From<Weakness> for FlowError {
    fn from(weakness: Weakness) -> Self {
        let message = match weakness {
            Weakness::TooShort | Weakness::TooLong => {
                format!("a password has {MIN_PASSWORD_CHARS} characters or more, and at most {MAX_PASSWORD_BYTES} bytes")
            }
            Weakness::TooEasy => "this password is too easy to guess; several unrelated words make a better one".into(),
            Weakness::UsedBefore => "this is one of the last 12 passwords".into(),
        };
        Self::Invalid(vec![FieldProblem::new("password", weakness.code(), message)])
    }
}

/// What is wrong with a new password of a user, as far as the password alone tells.
#[must_use]
pub fn weakness(password: &str, user_name: &str, operator: &str) -> Option<Weakness> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Some(Weakness::TooShort);
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Some(Weakness::TooLong);
    }
    let words = user_name.split(|c: char| !c.is_alphanumeric()).chain(operator.split_whitespace());
    let context: Vec<&str> = words
        .chain(PRODUCT)
        .chain([user_name, operator])
        .filter(|word| word.len() > 2)
        .collect();
    (zxcvbn(password, &context).score() < Score::Four).then_some(Weakness::TooEasy)
}

/// Checks a new password against the rules and the hashes of those of before, and hashes it.
///
/// # Errors
/// [`FlowError::Invalid`] with what is wrong; the code is a [`Weakness::code`].
pub async fn checked_hash(password: SecretString, user_name: &str, operator: &str, before: Vec<String>) -> Result<String, FlowError> {
    let (user_name, operator) = (user_name.to_owned(), operator.to_owned());
    let hashed = tokio::task::spawn_blocking(move || {
        if let Some(weakness) = weakness(password.expose_secret(), &user_name, &operator) {
            return Err(weakness.into());
        }
        if before.iter().any(|hash| verify(&password, hash)) {
            return Err(Weakness::UsedBefore.into());
        }
        let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
        hash.map(|h| h.to_string()).map_err(|e| FlowError::Internal(format!("argon2: {e}")))
    });
    hashed.await.map_err(|e| FlowError::Internal(e.to_string()))?
}

/// Whether a password is that of a hash (argon2id).
#[must_use]
pub fn verify(password: &SecretString, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok()
    })
}

/// [`verify`] where nothing else waits for it; never for a password longer than one can be.
///
/// # Errors
/// [`FlowError::Internal`] when it could not be run.
pub async fn verify_aside(password: SecretString, hash: String) -> Result<bool, FlowError> {
    if password.expose_secret().len() > MAX_PASSWORD_BYTES {
        return Ok(false);
    }
    tokio::task::spawn_blocking(move || verify(&password, &hash))
        .await
        .map_err(|e| FlowError::Internal(e.to_string()))
}

/// A first password for somebody else, who must change it: 130 bits, in groups that can be read out.
#[must_use]
pub fn first_password() -> SecretString {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
    let letters = crate::crypto::random::<30>();
    let letter = |b: &u8| char::from(ALPHABET[usize::from(b % 31)]);
    let groups = letters.chunks(5).map(|group| group.iter().map(letter).collect::<String>());
    groups.collect::<Vec<_>>().join("-").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_hard_to_guess_and_not_about_us() {
        for (password, expected) in [
            ("", Some(Weakness::TooShort)),
            ("14-characters!", Some(Weakness::TooShort)),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", Some(Weakness::TooEasy)),
            ("passwordpassword", Some(Weakness::TooEasy)),
            ("qwertyuiopasdfghjkl", Some(Weakness::TooEasy)),
            ("maria.admin2026", Some(Weakness::TooEasy)),
            ("SmartPaySmartPay1", Some(Weakness::TooEasy)),
            ("Plăți Sigure 2026", Some(Weakness::TooEasy)),
            ("cinci-cai-albastri-pe-deal", None),
            ("o parolă lungă, de poveste", None),
        ] {
            assert_eq!(weakness(password, "maria.admin", "Plăți Sigure"), expected, "{password}");
        }
        assert_eq!(weakness(&"ș4Q".repeat(100), "maria", "x"), Some(Weakness::TooLong));
        for _ in 0..20 {
            assert_eq!(weakness(first_password().expose_secret(), "maria", "x"), None);
        }
    }
}
