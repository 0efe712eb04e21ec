//! What administrators do with accounts: add, give a role, lock, reset. Nobody can lock or demote himself; so
//! one administrator is always left.

use super::policy;
use crate::clock::Timestamp;
use crate::flow::{Context, FieldProblem, FlowError};
use crate::store::admins::{Admin, Role};
use crate::store::{Access, Db, StoreError, admin_security, admin_sessions, admins, audit};
use secrecy::{ExposeSecret as _, SecretString};

/// Who does something with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An administrator, by the account's id.
    Administrator(String),
    /// Somebody at the machine itself.
    CommandLine,
}

impl Actor {
    fn as_str(&self) -> &str {
        match self {
            Self::Administrator(id) => id,
            Self::CommandLine => "cli",
        }
    }
}

/// An account to be made.
#[derive(Debug)]
pub struct NewAdmin {
    /// The name to sign in with.
    pub user_name: String,
    /// The first password.
    pub password: SecretString,
    /// What the user may do.
    pub role: Role,
    /// Whether the user must choose another password first.
    pub must_change_password: bool,
}

/// Adds a user; `actor` goes to the audit log.
///
/// # Errors
/// [`FlowError::Invalid`] when the name is taken or not usable, or the password not good enough.
pub async fn add(db: &Db, new: NewAdmin, operator: &str, actor: &str, now: Timestamp) -> Result<(), FlowError> {
    let usable = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    if !(3..=64).contains(&new.user_name.len()) || !new.user_name.chars().all(usable) {
        return Err(FlowError::Invalid(vec![FieldProblem::new(
            "user",
            "NOT_USABLE",
            "a user name has 3 to 64 letters, digits, dots, dashes, underscores or @",
        )]));
    }
    let admin = Admin {
        id: uuid::Uuid::now_v7().to_string(),
        password_hash: policy::checked_hash(new.password, &new.user_name, operator, Vec::new()).await?,
        user_name: new.user_name,
        active: true,
        created_at: now,
        password_changed_at: now,
        last_sign_in_at: None,
        role: new.role,
        language: None,
        must_change_password: new.must_change_password,
        has_totp: false,
        password_until: None,
    };
    let actor = actor.to_owned();
    let added = db
        .write(move |a| {
            admins::add(a, &admin)?;
            audit::add(a, now, &actor, "admin_added", Some(&admin.id), Some(admin.role.as_str()))
        })
        .await;
    match added {
        Err(StoreError::Taken(_)) => Err(FlowError::Invalid(vec![FieldProblem::new(
            "user",
            "TAKEN",
            "there is a user of this name already",
        )])),
        other => Ok(other?),
    }
}

/// Adds a user with a first password that is shown once and must be changed.
///
/// # Errors
/// As [`add`].
pub async fn add_with_first_password(cx: &Context, user_name: &str, role: Role, actor: &Actor) -> Result<SecretString, FlowError> {
    let password = policy::first_password();
    let new = NewAdmin {
        user_name: user_name.to_owned(),
        password: password.expose_secret().to_owned().into(),
        role,
        must_change_password: true,
    };
    add(&cx.db, new, &cx.rules.office.operator, actor.as_str(), cx.now()).await?;
    Ok(password)
}

/// What is done with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Gives it a role.
    Role(Role),
    /// Makes signing in impossible.
    Lock,
    /// Makes it possible again.
    Unlock,
    /// Forgets the device for one-time codes and the recovery codes.
    ResetTotp,
    /// Ends its sessions.
    EndSessions,
}

impl Act {
    const fn audited(self) -> &'static str {
        match self {
            Self::Role(_) => "admin_role_changed",
            Self::Lock => "admin_locked",
            Self::Unlock => "admin_unlocked",
            Self::ResetTotp => "admin_totp_reset",
            Self::EndSessions => "admin_sessions_ended",
        }
    }

    /// Whether doing it to oneself would lock out the last who can undo it.
    const fn takes_away(self) -> bool {
        matches!(self, Self::Role(_) | Self::Lock)
    }
}

/// Does something with a user's account; all but unlocking ends the user's sessions.
///
/// # Errors
/// [`FlowError::NotFound`] when there is no such user; [`FlowError::NotAllowed`] for somebody who would lock or
/// demote himself, or is no administrator any more.
pub async fn act(db: &Db, admin_id: &str, act: Act, actor: &Actor, now: Timestamp) -> Result<(), FlowError> {
    let (id, actor) = (admin_id.to_owned(), actor.clone());
    let detail = if let Act::Role(role) = act { Some(role.as_str()) } else { None };
    changing(db, move |a| {
        // First of all: it makes those who change accounts at the same time wait for one another.
        audit::add(a, now, actor.as_str(), act.audited(), Some(&id), detail)?;
        may(a, &actor, &id, act.takes_away())?;
        match act {
            Act::Role(role) => admins::set_role(a, &id, role)?,
            Act::Lock => admin_security::set_active(a, &id, false)?,
            Act::Unlock => admin_security::set_active(a, &id, true)?,
            Act::ResetTotp => admin_security::clear_totp(a, &id)?,
            Act::EndSessions => {}
        }
        if act != Act::Unlock {
            admin_sessions::end_all(a, &id, None)?;
        }
        Ok(())
    })
    .await
}

/// Gives a user a first password that is shown once and must be changed; the sessions end.
///
/// # Errors
/// As [`act`].
pub async fn reset_password(cx: &Context, admin_id: &str, actor: &Actor) -> Result<SecretString, FlowError> {
    let password = policy::first_password();
    set_password(
        &cx.db,
        admin_id,
        password.expose_secret().to_owned().into(),
        actor,
        &cx.rules.office.operator,
        cx.now(),
    )
    .await?;
    Ok(password)
}

/// Hours for which a password given at the machine itself opens the back office where nothing but the company's
/// provider does otherwise.
const BREAK_GLASS_HOURS: i64 = 24;

/// Gives a user a password that must be changed; the sessions end, the company account is forgotten (the next one of
/// the user's name is the user's), and a locked account opens for the command
/// line only. Given there, it opens the back office for a day even where the company's provider is the only way in.
///
/// # Errors
/// As [`act`]; [`FlowError::Invalid`] when the password is not good enough.
pub async fn set_password(
    db: &Db,
    admin_id: &str,
    password: SecretString,
    actor: &Actor,
    operator: &str,
    now: Timestamp,
) -> Result<(), FlowError> {
    let id = admin_id.to_owned();
    let known = db.read(move |a| admins::get(a, &id)).await?.ok_or(FlowError::NotFound)?;
    let hash = policy::checked_hash(password, &known.user_name, operator, Vec::new()).await?;
    let (id, actor) = (known.id, actor.clone());
    changing(db, move |a| {
        audit::add(a, now, actor.as_str(), "admin_password_reset", Some(&id), None)?;
        may(a, &actor, &id, true)?;
        admin_security::set_password(a, &id, &hash, true, now)?;
        if actor == Actor::CommandLine {
            admins::open_by_password(a, &id, now + chrono::Duration::hours(BREAK_GLASS_HOURS))?;
        }
        admins::forget_company_account(a, &id)?;
        admin_sessions::end_all(a, &id, None)?;
        Ok(())
    })
    .await
}

/// Insists that the account is there and that the actor may change it; otherwise nothing is written.
fn may(a: &mut Access<'_>, actor: &Actor, id: &str, takes_away: bool) -> Result<(), StoreError> {
    if admins::get(a, id)?.is_none() {
        return Err(StoreError::Taken("no such user"));
    }
    if let Actor::Administrator(actor_id) = actor {
        let still = admins::get(a, actor_id)?.is_some_and(|by| by.active && by.role == Role::Administrator);
        if !still || (takes_away && actor_id == id) {
            return Err(StoreError::Conflict);
        }
    }
    Ok(())
}

async fn changing(db: &Db, job: impl FnOnce(&mut Access<'_>) -> Result<(), StoreError> + Send + 'static) -> Result<(), FlowError> {
    match db.write(job).await {
        Err(StoreError::Conflict) => Err(FlowError::NotAllowed),
        Err(StoreError::Taken(_)) => Err(FlowError::NotFound),
        other => Ok(other?),
    }
}

/// Ends one session of a user, or all but one; answers nothing of whether there was any.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn end_own_sessions(cx: &Context, admin_id: &str, which: OwnSessions) -> Result<(), FlowError> {
    let (id, now) = (admin_id.to_owned(), cx.now());
    Ok(cx
        .db
        .write(move |a| {
            match which {
                OwnSessions::One(session) => admin_sessions::end_one(a, &id, &session).map(drop)?,
                OwnSessions::AllBut(kept) => admin_sessions::end_all(a, &id, Some(&kept)).map(drop)?,
            }
            audit::add(a, now, &id, "sessions_ended", Some(&id), None)
        })
        .await?)
}

/// Which of one's own sessions end.
#[derive(Clone, Debug)]
pub enum OwnSessions {
    /// The one of this name.
    One(String),
    /// All but the one of this name.
    AllBut(String),
}
