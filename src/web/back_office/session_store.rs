//! actix-session's store on our database. Only the SHA-256 of a session's key is kept.

use crate::flow::{Context, after, sessions};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use std::collections::HashMap;

type State = HashMap<String, String>;

/// Key of the admin's id in the session.
pub const ADMIN: &str = "admin";

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

    async fn put(&self, key: &str, state: &State, ttl: &Duration) -> Result<(), anyhow::Error> {
        let admin = state.get(ADMIN).map(|id| id.trim_matches('"').to_owned());
        Ok(sessions::save(&self.cx, key, admin, serde_json::to_string(state)?, self.end(ttl)).await?)
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
        self.put(&key, &state, ttl).await.map_err(SaveError::Other)?;
        SessionKey::try_from(key).map_err(|e| SaveError::Other(e.into()))
    }

    async fn update(&self, key: SessionKey, state: State, ttl: &Duration) -> Result<SessionKey, UpdateError> {
        self.put(key.as_ref(), &state, ttl).await.map_err(UpdateError::Other)?;
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(sessions::extend(&self.cx, key.as_ref(), self.end(ttl)).await?)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(sessions::end(&self.cx, key.as_ref()).await?)
    }
}
