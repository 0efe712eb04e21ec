//! An admin signs in. An unknown user costs the same time and gets the same answer as a wrong password.

use super::{Context, FlowError};
use crate::payment::text::has_forbidden_characters;
use crate::store::admins::Admin;
use crate::store::{admins, audit};
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secrecy::{ExposeSecret as _, SecretString};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Tries per minute for one user name from one address. An outsider elsewhere locks nobody out.
const TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(6).unwrap();
/// Tries per minute from one address, for all names.
const TRIES_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// A hash no password has, so that an unknown user costs as much time as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRmb3Jub2JvZHk$TpjYwC7RkYxHYuVRm1WgY3D1vOIiO0Ga4HuUEVYt5Gw";

/// Limits guessing.
#[derive(Clone)]
pub struct SignInLimit {
    pairs: Arc<DefaultKeyedRateLimiter<(String, IpAddr)>>,
    addresses: Arc<DefaultKeyedRateLimiter<IpAddr>>,
}

impl std::fmt::Debug for SignInLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInLimit")
    }
}

impl Default for SignInLimit {
    fn default() -> Self {
        Self {
            pairs: Arc::new(RateLimiter::keyed(Quota::per_minute(TRIES_PER_MINUTE))),
            addresses: Arc::new(RateLimiter::keyed(Quota::per_minute(TRIES_PER_ADDRESS))),
        }
    }
}

impl SignInLimit {
    fn allows(&self, user_name: &str, from: IpAddr) -> bool {
        self.addresses.check_key(&from).is_ok() && self.pairs.check_key(&(user_name.to_owned(), from)).is_ok()
    }

    /// Forgets addresses that have been quiet, so that memory stays bounded.
    pub fn tidy(&self) {
        self.pairs.retain_recent();
        self.addresses.retain_recent();
    }
}

/// Signs an admin in.
///
/// # Errors
/// [`FlowError::NotYou`] for every wrong pair of name and password; [`FlowError::TooMany`] after many tries.
pub async fn sign_in(cx: &Context, user_name: &str, password: SecretString, from: IpAddr) -> Result<Admin, FlowError> {
    let name: String = user_name.trim().chars().take(64).collect();
    if !cx.rules.sign_in_limit.allows(&name, from) {
        return Err(FlowError::TooMany);
    }
    // No user's name has control characters, and a database may take no text with NUL in it.
    let known = if has_forbidden_characters(&name) {
        None
    } else {
        cx.db.read(move |a| admins::by_user_name(a, &name)).await?
    };
    let admin = known.filter(|a| a.active);
    let hash = admin.as_ref().map_or_else(|| NOBODY.to_owned(), |a| a.password_hash.clone());
    let too_long = password.expose_secret().len() > super::add_admin::MAX_PASSWORD_BYTES;
    let right = !too_long
        && tokio::task::spawn_blocking(move || verify(&password, &hash))
            .await
            .map_err(|e| FlowError::Internal(e.to_string()))?;
    let now = cx.now();
    match admin.filter(|_| right) {
        Some(admin) => {
            let id = admin.id.clone();
            cx.db
                .write(move |a| {
                    admins::signed_in(a, &id, now)?;
                    audit::add(a, now, &id, "signed_in", Some(&id), None)
                })
                .await?;
            Ok(admin)
        }
        None => {
            cx.db
                .write(move |a| audit::add(a, now, "nobody", "sign_in_refused", None, None))
                .await?;
            Err(FlowError::NotYou)
        }
    }
}

fn verify(password: &SecretString, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_is_a_hash_with_todays_costs() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(
            hash.params.to_string(),
            argon2::password_hash::phc::ParamsString::try_from(&argon2::Params::default())
                .unwrap()
                .to_string()
        );
        assert!(!verify(&"anything".into(), NOBODY));
    }
}
