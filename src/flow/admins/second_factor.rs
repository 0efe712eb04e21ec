//! One-time codes beside the password: TOTP (RFC 6238: SHA-1, 6 digits, 30 seconds, as every application for
//! it speaks), one step of drift either way. A step works once, and so does each recovery code.

use crate::clock::Timestamp;
use crate::crypto;
use crate::flow::{Context, FlowError};
use crate::store::admins::Admin;
use crate::store::{Db, admin_security, admin_sessions, admins, audit};
use totp_rs::{Algorithm, Secret, TOTP};
use zeroize::Zeroizing;

const STEP_S: i64 = 30;
const DIGITS: usize = 6;
/// Steps before and after the present one whose codes are taken.
const DRIFT: i64 = 1;
/// Bytes of a new secret (RFC 4226 section 4, R6).
const SECRET_BYTES: usize = 20;
/// Recovery codes given out at once.
const RECOVERY_CODES: usize = 10;

/// What a user is enrolled with.
pub struct Enrolment {
    /// The secret, base32, for typing.
    pub secret: Zeroizing<String>,
    /// The `otpauth://` address, for a QR code.
    pub address: Zeroizing<String>,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment")
    }
}

fn totp(secret: &str, issuer: &str, account: &str) -> Result<TOTP, FlowError> {
    let unusable = || FlowError::Internal("a secret of one-time codes is not usable".into());
    let bytes = Secret::Encoded(secret.to_owned()).to_bytes().map_err(|_| unusable())?;
    // The issuer and the account are parted by a colon in the address.
    let plain = |text: &str| text.replace(':', " ");
    TOTP::new(Algorithm::SHA1, DIGITS, 0, 30, bytes, Some(plain(issuer)), plain(account)).map_err(|_| unusable())
}

fn step_of(now: Timestamp) -> i64 {
    now.and_utc().timestamp() / STEP_S
}

/// The code of a secret at a moment.
///
/// # Errors
/// [`FlowError::Internal`] when the secret is no base32 of at least 16 bytes.
pub fn code_at(secret: &str, now: Timestamp) -> Result<String, FlowError> {
    code_of(&totp(secret, "", "")?, step_of(now))
}

fn code_of(totp: &TOTP, step: i64) -> Result<String, FlowError> {
    let seconds = u64::try_from(step * STEP_S).map_err(|_| FlowError::Internal("a time before 1970".into()))?;
    Ok(totp.generate(seconds))
}

/// The step whose code this is, the newest first; spaces do not matter.
fn step_with(totp: &TOTP, code: &str, now: Timestamp) -> Result<Option<i64>, FlowError> {
    let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let present = step_of(now);
    for step in (present - DRIFT..=present + DRIFT).rev() {
        if crypto::same(&code_of(totp, step)?, &typed) {
            return Ok(Some(step));
        }
    }
    Ok(None)
}

/// Begins to enrol a device, or goes on with what was begun.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn begin(cx: &Context, admin: &Admin) -> Result<Enrolment, FlowError> {
    let id = admin.id.clone();
    let begun = cx.db.read(move |a| admin_security::pending_totp(a, &id)).await?;
    let secret = match begun {
        Some(secret) => secret,
        None => {
            let fresh = Secret::Raw(crypto::random::<SECRET_BYTES>().to_vec()).to_encoded().to_string();
            let (id, kept) = (admin.id.clone(), Zeroizing::new(fresh));
            let secret = kept.clone();
            cx.db.write(move |a| admin_security::set_pending_totp(a, &id, &kept)).await?;
            secret
        }
    };
    let address = totp(&secret, &cx.rules.office.operator, &admin.user_name)?.get_url();
    Ok(Enrolment {
        secret,
        address: Zeroizing::new(address),
    })
}

/// Ends the enrolment with a first code; answers the recovery codes, which are never shown again. All other
/// sessions of the user end.
///
/// # Errors
/// [`FlowError::NotYou`] when the code is wrong; [`FlowError::NotAllowed`] when nothing was begun;
/// [`FlowError::TooMany`] after many tries.
pub async fn finish(cx: &Context, admin: &Admin, code: &str, kept: &str) -> Result<Vec<String>, FlowError> {
    if !cx.rules.sign_in_limit.allows_confirmation(&admin.id) {
        return Err(FlowError::TooMany);
    }
    let id = admin.id.clone();
    let begun = cx.db.read(move |a| admin_security::pending_totp(a, &id)).await?;
    let secret = begun.ok_or(FlowError::NotAllowed)?;
    let now = cx.now();
    let step = step_with(&totp(&secret, "", "")?, code, now)?.ok_or(FlowError::NotYou)?;
    let (codes, hashes) = new_recovery_codes(cx, &admin.id);
    let (id, kept) = (admin.id.clone(), kept.to_owned());
    cx.db
        .write(move |a| {
            admin_security::set_totp(a, &id, &secret, Some(step))?;
            admin_security::replace_recovery_codes(a, &id, hashes, now)?;
            admin_sessions::end_all(a, &id, Some(&kept))?;
            audit::add(a, now, &id, "totp_enrolled", Some(&id), None)
        })
        .await?;
    Ok(codes)
}

/// Enrols a device whose secret is known, for a demonstration.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such user; [`FlowError::Internal`] for a secret that is not usable.
pub async fn enrol_known(db: &Db, user_name: &str, secret: &str, actor: &'static str, now: Timestamp) -> Result<(), FlowError> {
    code_at(secret, now)?;
    let (user_name, secret) = (user_name.to_owned(), Zeroizing::new(secret.to_owned()));
    let done = db
        .write(move |a| {
            let Some(admin) = admins::by_user_name(a, &user_name)? else {
                return Ok(false);
            };
            if !admin.has_totp {
                admin_security::set_totp(a, &admin.id, &secret, None)?;
                audit::add(a, now, actor, "totp_enrolled", Some(&admin.id), None)?;
            }
            Ok(true)
        })
        .await?;
    if done { Ok(()) } else { Err(FlowError::NotFound) }
}

/// What a one-time code is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To end a sign-in.
    SignIn,
    /// Before something sensitive.
    Confirmation,
}

impl Purpose {
    const fn audited(self, right: bool) -> &'static str {
        match (self, right) {
            (Self::SignIn, true) => "signed_in",
            (Self::SignIn, false) => "code_refused",
            (Self::Confirmation, true) => "confirmed",
            (Self::Confirmation, false) => "confirmation_refused",
        }
    }
}

/// Takes a one-time code or a recovery code, once.
///
/// # Errors
/// [`FlowError::NotYou`] for a code that is wrong or was used; [`FlowError::TooMany`] after many tries.
pub async fn check(cx: &Context, admin: &Admin, code: &str, purpose: Purpose) -> Result<(), FlowError> {
    if !cx.rules.sign_in_limit.allows_confirmation(&admin.id) {
        return Err(FlowError::TooMany);
    }
    let id = admin.id.clone();
    let secret = cx.db.read(move |a| admin_security::totp(a, &id)).await?;
    let secret = secret.ok_or(FlowError::NotAllowed)?;
    let now = cx.now();
    let step = step_with(&totp(&secret, "", "")?, code, now)?;
    let recovery = recovery_hash(cx, &admin.id, code);
    let id = admin.id.clone();
    let right = cx
        .db
        .write(move |a| {
            let by_step = match step {
                Some(step) => admin_security::use_step(a, &id, step)?,
                None => false,
            };
            let by_recovery = !by_step && admin_security::use_recovery_code(a, &id, &recovery, now)?;
            if by_recovery {
                audit::add(a, now, &id, "recovery_code_used", Some(&id), None)?;
            }
            let right = by_step || by_recovery;
            if right && purpose == Purpose::SignIn {
                admins::signed_in(a, &id, now)?;
            }
            audit::add(a, now, &id, purpose.audited(right), Some(&id), None)?;
            Ok(right)
        })
        .await?;
    if right { Ok(()) } else { Err(FlowError::NotYou) }
}

/// Gives a user new recovery codes; the old ones are void.
///
/// # Errors
/// [`FlowError::NotAllowed`] for somebody without a device; [`FlowError::Internal`] of the database.
pub async fn renew_recovery_codes(cx: &Context, admin: &Admin) -> Result<Vec<String>, FlowError> {
    if !admin.has_totp {
        return Err(FlowError::NotAllowed);
    }
    let (codes, hashes) = new_recovery_codes(cx, &admin.id);
    let (id, now) = (admin.id.clone(), cx.now());
    cx.db
        .write(move |a| {
            admin_security::replace_recovery_codes(a, &id, hashes, now)?;
            audit::add(a, now, &id, "recovery_codes_renewed", Some(&id), None)
        })
        .await?;
    Ok(codes)
}

/// Letters and digits that cannot be mistaken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

fn new_recovery_codes(cx: &Context, admin_id: &str) -> (Vec<String>, Vec<String>) {
    let code = || {
        let letters: String = crypto::random::<16>()
            .iter()
            .map(|b| char::from(ALPHABET[usize::from(b % 32)]))
            .collect();
        [&letters[..4], &letters[4..8], &letters[8..12], &letters[12..]].join("-")
    };
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| code()).collect();
    let hashes = codes.iter().map(|code| recovery_hash(cx, admin_id, code)).collect();
    (codes, hashes)
}

/// 80 random bits need no slow hash; the key makes a copied database worthless.
fn recovery_hash(cx: &Context, admin_id: &str, code: &str) -> String {
    let typed: String = code.chars().filter(|c| c.is_alphanumeric()).take(32).collect();
    cx.db
        .vault()
        .keyed_hash("recovery code", &format!("{admin_id}|{}", typed.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "12345678901234567890", the secret of RFC 6238 appendix B, in base32.
    const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(seconds, 0).unwrap().naive_utc()
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // RFC 6238 appendix B has eight digits; six are their end.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(code_at(RFC_SECRET, at(seconds)).unwrap(), code);
        }
        assert!(code_at("not base32!", at(0)).is_err());
    }

    #[test]
    fn one_step_of_drift_is_taken_and_no_more() {
        let totp = totp(RFC_SECRET, "", "").unwrap();
        let now = at(1_234_567_890);
        for (seconds, taken) in [(-61, false), (-30, true), (0, true), (30, true), (61, false)] {
            let code = code_at(RFC_SECRET, at(1_234_567_890 + seconds)).unwrap();
            assert_eq!(step_with(&totp, &code, now).unwrap().is_some(), taken, "{seconds}");
        }
        let code = code_at(RFC_SECRET, now).unwrap();
        let spaced = format!(" {} {}", &code[..3], &code[3..]);
        assert_eq!(step_with(&totp, &spaced, now).unwrap(), Some(1_234_567_890 / 30));
        assert_eq!(step_with(&totp, "", now).unwrap(), None);
    }
}
