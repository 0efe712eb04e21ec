//! A keeper for one process: commands that look into a bank by hand use it, so that they do not disturb what
//! the nodes share.

use super::{AccessKeeper, AccessKey, Grant, Holder, KeeperError, Kept, ServiceLogin};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Keeps tokens until the process ends. It has no clock: a token is fresh until the bank refuses it, and a lock
/// holds to the end of the process.
#[derive(Debug, Default)]
pub struct MemoryKeeper {
    kept: Mutex<HashMap<AccessKey, (Kept, bool)>>,
    logins: HashMap<(String, Holder), ServiceLogin>,
}

impl MemoryKeeper {
    /// With the credentials of one service account.
    #[must_use]
    pub fn with_login(mut self, bank: &str, holder: Holder, login: ServiceLogin) -> Self {
        self.logins.insert((bank.to_owned(), holder), login);
        self
    }

    fn change<T>(&self, of: &AccessKey, change: impl FnOnce(&mut (Kept, bool)) -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        change(kept.entry(of.clone()).or_default())
    }
}

impl AccessKeeper for MemoryKeeper {
    fn read<'a>(&'a self, of: &'a AccessKey) -> BoxFuture<'a, Result<Kept, KeeperError>> {
        let kept = self.change(of, |(kept, _)| kept.clone());
        Box::pin(async { Ok(kept) })
    }

    fn begin<'a>(&'a self, of: &'a AccessKey, version: i64) -> BoxFuture<'a, Result<bool, KeeperError>> {
        let mine = self.change(of, |(kept, held)| {
            let free = !*held && kept.version == version;
            *held |= free;
            free
        });
        Box::pin(async move { Ok(mine) })
    }

    fn keep<'a>(&'a self, of: &'a AccessKey, grant: &'a Grant) -> BoxFuture<'a, Result<(), KeeperError>> {
        self.change(of, |(kept, held)| {
            *held = false;
            *kept = Kept {
                access: Some(grant.access.clone()),
                refresh: grant.refresh.clone(),
                fresh: true,
                locked: None,
                version: kept.version + 1,
            };
        });
        Box::pin(async { Ok(()) })
    }

    fn failed<'a>(&'a self, of: &'a AccessKey, locked: Duration) -> BoxFuture<'a, Result<(), KeeperError>> {
        self.change(of, |(kept, held)| {
            *held = false;
            *kept = Kept {
                locked: (!locked.is_zero()).then_some(locked),
                version: kept.version + 1,
                ..Kept::default()
            };
        });
        Box::pin(async { Ok(()) })
    }

    fn login<'a>(&'a self, bank: &'a str, holder: &'a Holder) -> BoxFuture<'a, Result<Option<ServiceLogin>, KeeperError>> {
        let found = self.logins.get(&(bank.to_owned(), holder.clone())).cloned();
        Box::pin(async { Ok(found) })
    }

    fn pause(&self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::task::yield_now())
    }
}
