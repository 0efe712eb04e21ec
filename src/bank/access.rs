//! What is ours at a bank and not one payment's: client-credentials tokens and the logins of service accounts.
//!
//! **Invariant:** all nodes share one token per (bank, holder, scope), and one caller at a time buys the next;
//! a bank that locks out after wrong logins is left alone until it forgives. Nothing here is kept in memory
//! between two calls, and nothing prints.

mod memory;

pub use memory::MemoryKeeper;

use super::BankError;
use super::oauth::Secret;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// How often a caller looks whether another one has bought the token.
const LOOKS: u32 = 100;

/// Whose access it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// The operator of this service, for all partners.
    Operator,
    /// One partner, by our own id of it.
    Partner(String),
}

impl Holder {
    /// The word it is stored under.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Operator => "operator",
            Self::Partner(id) => id,
        }
    }
}

/// Which access.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessKey {
    /// The bank's code.
    pub bank: String,
    /// Whose it is.
    pub holder: Holder,
    /// What it is good for, such as `pisp`; banks give a token per scope.
    pub scope: &'static str,
}

/// A token as the bank sold it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Sent as bearer token.
    pub access: Secret,
    /// Buys the next one, where the bank gave one.
    pub refresh: Option<Secret>,
    /// How long the bank says that it lives.
    pub lives: Duration,
}

/// What the keeper has.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The token, fresh or not.
    pub access: Option<Secret>,
    /// What buys the next one.
    pub refresh: Option<Secret>,
    /// Whether the token has not run out yet.
    pub fresh: bool,
    /// For how much longer the bank must not be asked for one.
    pub locked: Option<Duration>,
    /// Changes with every change.
    pub version: i64,
}

/// Name and password of a service account (or client id and secret).
#[derive(Clone, Debug)]
pub struct ServiceLogin {
    /// The name.
    pub name: Secret,
    /// The password.
    pub password: Secret,
}

/// The keeper failed; nothing was asked of the bank.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store of bank access failed: {0}")]
pub struct KeeperError(pub String);

impl From<KeeperError> for BankError {
    fn from(error: KeeperError) -> Self {
        Self::NotSent(error.to_string())
    }
}

/// Where access is kept, for all nodes: sealed, in the database.
pub trait AccessKeeper: std::fmt::Debug + Send + Sync {
    /// What is there now.
    fn read<'a>(&'a self, of: &'a AccessKey) -> BoxFuture<'a, Result<Kept, KeeperError>>;
    /// Takes the right to buy the next token; `false` when somebody else has it, or has changed what was read.
    fn begin<'a>(&'a self, of: &'a AccessKey, version: i64) -> BoxFuture<'a, Result<bool, KeeperError>>;
    /// Keeps a bought token and gives the right back.
    fn keep<'a>(&'a self, of: &'a AccessKey, grant: &'a Grant) -> BoxFuture<'a, Result<(), KeeperError>>;
    /// Nothing was bought: gives the right back; nobody tries again before `locked` has passed.
    fn failed<'a>(&'a self, of: &'a AccessKey, locked: Duration) -> BoxFuture<'a, Result<(), KeeperError>>;
    /// The credentials of a service account, entered by the operator.
    fn login<'a>(&'a self, bank: &'a str, holder: &'a Holder) -> BoxFuture<'a, Result<Option<ServiceLogin>, KeeperError>>;
    /// Waits a moment.
    fn pause(&self) -> BoxFuture<'_, ()>;
}

/// Why no token was bought.
#[derive(Debug)]
pub struct NotBought {
    /// What the caller is told.
    pub error: BankError,
    /// How long the bank wants to be left alone.
    pub locked: Duration,
}

impl From<BankError> for NotBought {
    fn from(error: BankError) -> Self {
        Self {
            error,
            locked: Duration::ZERO,
        }
    }
}

/// A handle on the keeper. Clones share it.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<dyn AccessKeeper>);

impl Keeper {
    /// Wraps a keeper.
    #[must_use]
    pub fn new(keeper: Arc<dyn AccessKeeper>) -> Self {
        Self(keeper)
    }

    /// A keeper for one process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Arc::new(MemoryKeeper::default()))
    }

    /// The credentials of a service account, entered by the operator.
    ///
    /// # Errors
    /// [`BankError::NotSent`] when the keeper fails; [`BankError::Unsupported`] when there are none.
    pub async fn login(&self, bank: &str, holder: &Holder) -> Result<ServiceLogin, BankError> {
        self.0.login(bank, holder).await?.ok_or(BankError::Unsupported)
    }

    /// A token that is good as far as anybody knows. `spoiled` is one that the bank has just refused (401): it
    /// is not given out again. `buy` is called by one caller at a time over all nodes, with what is kept; it
    /// uses the refresh token where there is one.
    ///
    /// # Errors
    /// What `buy` answers; [`BankError::NotSent`] while the bank is not to be asked, when somebody else takes
    /// too long to buy one, and when the keeper fails. Nothing of the caller's own call has been sent then.
    pub async fn token<F>(&self, of: &AccessKey, spoiled: Option<&Secret>, buy: impl FnOnce(Kept) -> F + Send) -> Result<Secret, BankError>
    where
        F: Future<Output = Result<Grant, NotBought>> + Send,
    {
        for _ in 0..LOOKS {
            let kept = self.0.read(of).await?;
            if let Some(access) = kept.access.as_ref().filter(|a| kept.fresh && Some(*a) != spoiled) {
                return Ok(access.clone());
            }
            if let Some(locked) = kept.locked {
                return Err(BankError::NotSent(format!(
                    "the bank is not asked for access for another {} s",
                    locked.as_secs().max(1)
                )));
            }
            if self.0.begin(of, kept.version).await? {
                return self.buy(of, kept, buy).await;
            }
            self.0.pause().await;
        }
        Err(BankError::NotSent(
            "somebody else is buying the bank's token for too long".to_owned(),
        ))
    }

    async fn buy<F>(&self, of: &AccessKey, kept: Kept, buy: impl FnOnce(Kept) -> F + Send) -> Result<Secret, BankError>
    where
        F: Future<Output = Result<Grant, NotBought>> + Send,
    {
        match buy(kept).await {
            Ok(grant) => {
                // A token that cannot be kept is still good for this call.
                if let Err(error) = self.0.keep(of, &grant).await {
                    tracing::error!(bank = %of.bank, %error, "a bank's token is not kept");
                }
                Ok(grant.access)
            }
            Err(NotBought { error, locked }) => {
                self.0.failed(of, locked).await?;
                Err(error)
            }
        }
    }
}
