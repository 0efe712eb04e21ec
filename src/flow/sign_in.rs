//! An admin signs in. An unknown user costs the same time and gets the same answer as a wrong password.

use super::admins::policy::verify_aside;
use super::{Context, FlowError};
use crate::payment::text::has_forbidden_characters;
use crate::store::admins::Admin;
use crate::store::{admins, audit};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secrecy::SecretString;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Tries per minute for one user name from one address. An outsider elsewhere locks nobody out.
const TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(6).unwrap();
/// Tries per minute from one address, for all names.
const TRIES_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// A hash no password has, so that an unknown user costs as much time as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRmb3Jub2JvZHk$TpjYwC7RkYxHYuVRm1WgY3D1vOIiO0Ga4HuUEVYt5Gw";

/// Tries per minute for one user name from browsers that never signed in with it, from wherever.
const TRIES_PER_NAME: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// One-time codes and passwords a signed-in user may try at once; one more every minute.
const CONFIRMATIONS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Limits guessing. A browser that has signed in before has an allowance of its own, which nobody else can use
/// up: strangers lock nobody out.
#[derive(Clone)]
pub struct SignInLimit {
    pairs: Arc<DefaultKeyedRateLimiter<(String, IpAddr)>>,
    addresses: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    names: Arc<DefaultKeyedRateLimiter<String>>,
    devices: Arc<DefaultKeyedRateLimiter<(String, String)>>,
    confirmations: Arc<DefaultKeyedRateLimiter<String>>,
}

impl std::fmt::Debug for SignInLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInLimit")
    }
}

impl Default for SignInLimit {
    fn default() -> Self {
        let a_minute = |tries| Arc::new(RateLimiter::keyed(Quota::per_minute(tries)));
        let one_a_minute = Quota::per_minute(NonZeroU32::MIN).allow_burst(CONFIRMATIONS);
        Self {
            pairs: Arc::new(RateLimiter::keyed(Quota::per_minute(TRIES_PER_MINUTE))),
            addresses: Arc::new(RateLimiter::keyed(Quota::per_minute(TRIES_PER_ADDRESS))),
            names: a_minute(TRIES_PER_NAME),
            devices: Arc::new(RateLimiter::keyed(Quota::per_minute(TRIES_PER_MINUTE))),
            confirmations: Arc::new(RateLimiter::keyed(one_a_minute)),
        }
    }
}

impl SignInLimit {
    fn allows(&self, user_name: &str, from: &Caller) -> bool {
        let name = || user_name.to_owned();
        match &from.device {
            Some(device) => self.devices.check_key(&(name(), device.clone())).is_ok(),
            None => {
                self.addresses.check_key(&from.address).is_ok()
                    && self.pairs.check_key(&(name(), from.address)).is_ok()
                    && self.names.check_key(&name()).is_ok()
            }
        }
    }

    /// Whether another way to the company's provider may begin, from an address.
    pub(super) fn allows_beginning(&self, from: IpAddr) -> bool {
        self.addresses.check_key(&from).is_ok()
    }

    /// Whether somebody whose password was right may try another code, or the password again.
    pub(super) fn allows_confirmation(&self, admin_id: &str) -> bool {
        self.confirmations.check_key(&admin_id.to_owned()).is_ok()
    }

    /// Forgets addresses that have been quiet, so that memory stays bounded.
    pub fn tidy(&self) {
        self.pairs.retain_recent();
        self.addresses.retain_recent();
        self.names.retain_recent();
        self.devices.retain_recent();
        self.confirmations.retain_recent();
    }
}

/// Where a try comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The address.
    pub address: IpAddr,
    /// The mark of a browser that has signed in with this name before.
    pub device: Option<String>,
}

/// Takes a user's name and password: the whole of signing in for those without a device for one-time codes, its
/// first half for the others.
///
/// # Errors
/// [`FlowError::NotYou`] for every wrong pair of name and password; [`FlowError::TooMany`] after many tries.
pub async fn sign_in(cx: &Context, user_name: &str, password: SecretString, from: &Caller) -> Result<Admin, FlowError> {
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
    let right = verify_aside(password, hash).await?;
    let now = cx.now();
    let closed = cx.rules.office.only_company();
    // Where the company's provider is the only way in, a password counts for a while after `smartpay admin reset`.
    match admin.filter(|a| right && (!closed || a.password_until.is_some_and(|until| now < until))) {
        Some(admin) => {
            let (id, has_totp) = (admin.id.clone(), admin.has_totp);
            cx.db
                .write(move |a| {
                    if has_totp {
                        return audit::add(a, now, &id, "password_accepted", Some(&id), None);
                    }
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

#[cfg(test)]
mod tests {
    use super::super::admins::policy::verify;
    use super::*;
    use argon2::password_hash::phc::PasswordHash;

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
