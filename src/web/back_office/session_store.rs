//! actix-session's store on our database. Only the SHA-256 of a session's key is kept.

use super::gate::CurrentSession;
use crate::flow::sessions::{self, Kept};
use crate::flow::{Context, after};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use std::collections::HashMap;

type State = HashMap<String, String>;

/// Key of the admin's id in the session.
pub const ADMIN: &str = "admin";
/// Key of what else is kept of a session: [`CurrentSession`].
pub const SESSION: &str = "office";

/// The store.
#[derive(Clone, Debug)]
pub struct DbSessions {
    cx: Context,
}

impl DbSessions {
    /// A store in the context's database.
    #[must_use]
    pub const fn new(cx: Context) -> Self {
        Self { cx }
    }

    fn kept(&self, state: &State, ttl: &Duration) -> Result<Kept, anyhow::Error> {
        let admin_id = state.get(ADMIN).map(|id| serde_json::from_str(id)).transpose()?;
        let session: Option<CurrentSession> = state.get(SESSION).map(|s| serde_json::from_str(s)).transpose()?;
        Ok(Kept {
            admin_id,
            ends_at: session.as_ref().map(|s| s.ends_at),
            session_id: session.map(|s| s.id),
            state: serde_json::to_string(state)?,
            expires_at: self.end(ttl),
        })
    }

    fn end(&self, ttl: &Duration) -> crate::clock::Timestamp {
        after(self.cx.now(), ttl.unsigned_abs())
    }
}

impl SessionStore for DbSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let stored = sessions::load(&self.cx, key.as_ref())
            .await
            .map_err(|e| LoadError::Other(e.into()))?;
        stored
            .map(|text| serde_json::from_str(&text).map_err(|e| LoadError::Deserialization(e.into())))
            .transpose()
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = crate::crypto::new_token();
        let kept = self.kept(&state, ttl).map_err(SaveError::Serialization)?;
        sessions::begin(&self.cx, &key, kept)
            .await
            .map_err(|e| SaveError::Other(e.into()))?;
        SessionKey::try_from(key).map_err(|e| SaveError::Other(e.into()))
    }

    async fn update(&self, key: SessionKey, state: State, ttl: &Duration) -> Result<SessionKey, UpdateError> {
        let kept = self.kept(&state, ttl).map_err(UpdateError::Serialization)?;
        sessions::update(&self.cx, key.as_ref(), kept)
            .await
            .map_err(|e| UpdateError::Other(e.into()))?;
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(sessions::extend(&self.cx, key.as_ref(), self.end(ttl)).await?)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(sessions::end(&self.cx, key.as_ref()).await?)
    }
}
