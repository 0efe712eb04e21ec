//! Keeps what is ours at banks in the database, so that all nodes share it.

use super::{FlowError, after};
use crate::bank::access::{AccessKeeper, AccessKey, Grant, Holder, KeeperError, Kept, ServiceLogin};
use crate::bank::oauth::Secret;
use crate::clock::{Clock, Timestamp};
use crate::store::{Access, Db, StoreError, audit, bank_access};
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;

/// How long one node may take to buy a token.
const LEASE: Duration = Duration::from_secs(60);
/// A token this close to its end is not used: it could run out on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// The pause between two looks whether another node has bought the token.
const PAUSE: Duration = Duration::from_millis(200);

/// The keeper on the database.
#[derive(Clone, Debug)]
pub struct DatabaseKeeper {
    db: Db,
    clock: Clock,
}

impl DatabaseKeeper {
    /// On this database, by this clock.
    #[must_use]
    pub const fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Access<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, KeeperError> {
        self.db.write(job).await.map_err(failed)
    }
}

fn failed(error: StoreError) -> KeeperError {
    KeeperError(error.to_string())
}

fn id(of: &AccessKey) -> String {
    format!("{}|{}|{}", of.bank, of.holder.as_str(), of.scope)
}

fn until(now: Timestamp, end: Option<Timestamp>) -> Option<Duration> {
    (end? - now).to_std().ok().filter(|left| !left.is_zero())
}

impl AccessKeeper for DatabaseKeeper {
    fn read<'a>(&'a self, of: &'a AccessKey) -> BoxFuture<'a, Result<Kept, KeeperError>> {
        Box::pin(async move {
            let (id, now) = (id(of), self.clock.now());
            let stored = self.db.read(move |a| bank_access::get(a, &id)).await.map_err(failed)?;
            let secret = |text: zeroize::Zeroizing<String>| Secret::from(text.to_string());
            Ok(Kept {
                access: stored.access.map(secret),
                refresh: stored.refresh.map(secret),
                fresh: until(now, stored.fresh_until).is_some(),
                locked: until(now, stored.locked_until),
                version: stored.version,
            })
        })
    }

    fn begin<'a>(&'a self, of: &'a AccessKey, version: i64) -> BoxFuture<'a, Result<bool, KeeperError>> {
        Box::pin(async move {
            let (id, now) = (id(of), self.clock.now());
            self.write(move |a| bank_access::begin(a, &id, version, now, after(now, LEASE)))
                .await
        })
    }

    fn keep<'a>(&'a self, of: &'a AccessKey, grant: &'a Grant) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async move {
            let (id, now, grant) = (id(of), self.clock.now(), grant.clone());
            let fresh_until = after(now, grant.lives.saturating_sub(MARGIN));
            self.write(move |a| {
                let refresh = grant.refresh.as_ref().map(Secret::expose);
                bank_access::keep(a, &id, grant.access.expose(), refresh, fresh_until, now)
            })
            .await
        })
    }

    fn failed<'a>(&'a self, of: &'a AccessKey, locked: Duration) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async move {
            let (id, now) = (id(of), self.clock.now());
            let locked_until = (!locked.is_zero()).then(|| after(now, locked));
            self.write(move |a| bank_access::failed(a, &id, locked_until, now)).await
        })
    }

    fn login<'a>(&'a self, bank: &'a str, holder: &'a Holder) -> BoxFuture<'a, Result<Option<ServiceLogin>, KeeperError>> {
        Box::pin(async move {
            let (bank, holder) = (bank.to_owned(), holder.as_str().to_owned());
            let found = self.db.read(move |a| bank_access::credentials(a, &bank, &holder)).await;
            Ok(found.map_err(failed)?.map(|(name, password)| ServiceLogin {
                name: Secret::from(name.to_string()),
                password: Secret::from(password.to_string()),
            }))
        })
    }

    fn pause(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.clock.sleep(PAUSE))
    }
}

/// Stores the login of a service account at a bank; `actor` goes to the audit log, the login does not.
///
/// # Errors
/// [`FlowError::Internal`] or [`FlowError::Busy`] of the database.
pub async fn set_credentials(
    db: &Db,
    bank: &str,
    holder: &Holder,
    name: SecretString,
    password: SecretString,
    actor: &'static str,
    now: Timestamp,
) -> Result<(), FlowError> {
    let (bank, holder) = (bank.to_owned(), holder.as_str().to_owned());
    db.write(move |a| {
        bank_access::set_credentials(a, &bank, &holder, name.expose_secret(), password.expose_secret(), now)?;
        audit::add(a, now, actor, "bank_credentials_set", Some(&format!("{bank}|{holder}")), None)
    })
    .await?;
    Ok(())
}

/// Stores the login of a partner's service account, as [`set_credentials`].
///
/// # Errors
/// [`FlowError::Internal`] or [`FlowError::Busy`] of the database.
pub async fn set_partner_login(
    db: &Db,
    bank: &str,
    partner_id: &str,
    (name, password): (SecretString, SecretString),
    actor: &'static str,
    now: Timestamp,
) -> Result<(), FlowError> {
    set_credentials(db, bank, &Holder::Partner(partner_id.to_owned()), name, password, actor, now).await
}

#[cfg(test)]
mod tests;
