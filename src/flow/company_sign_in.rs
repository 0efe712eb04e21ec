//! Signing in through the company's OpenID Connect provider, and proving there once more to be there.
//!
//! What must survive while somebody is away is a row among the sessions, sealed, found by a key that only that
//! browser has, and used once. Back with a good answer, the browser gets a proof under a new key: the page on which
//! it arrives was opened by another site, so the session itself begins one step later.

use super::{Context, FlowError, OfficeRules, after, sessions};
use crate::clock::Timestamp;
use crate::crypto;
pub use crate::identity::CameBack;
use crate::identity::{Attempt, IdentityError, Person, Provider};
use crate::payment::text::has_forbidden_characters;
use crate::store::admins::{Admin, Belonging};
use crate::store::{admins, audit};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use url::Url;

/// How long somebody may be away at the provider.
pub const AWAY: Duration = Duration::from_secs(10 * 60);
/// How long a proof waits for the browser to go one page further.
const PROOF_LIFE: Duration = Duration::from_secs(60);

/// What somebody goes to the provider for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To prove to be there, before something sensitive.
    Confirmation {
        /// Whose session it is for.
        admin_id: String,
        /// The session's name in lists.
        session_id: String,
        /// Where to go on; an address of the back office.
        back: String,
    },
}

impl std::fmt::Debug for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::SignIn { "SignIn" } else { "Confirmation" })
    }
}

/// Why somebody who came back is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The provider does not answer.
    Unreachable,
    /// What came back is not good, or this browser did not go there.
    NotGood,
    /// The provider did not verify the e-mail address.
    NotVerified,
    /// No user has this name.
    Unknown,
    /// The user is locked.
    Locked,
    /// Somebody else than the user whose session it is.
    SomebodyElse,
    /// Too many ways there were begun.
    TooMany,
}

/// A browser that came back and is not let in.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub why: Refusal,
    /// What it was for, where that is known.
    pub purpose: Option<Purpose>,
}

/// A proof: the provider has named a user.
#[derive(Clone, Serialize, Deserialize)]
pub struct Proof {
    /// The user.
    pub admin_id: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether the provider asked for a second factor.
    pub second_factor: bool,
    /// When the user proved there to be there, as far as the provider says; never in the future.
    pub proved_at: Option<Timestamp>,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
enum State {
    Away { attempt: Attempt, purpose: Purpose },
    Proved(Proof),
}

async fn keep(cx: &Context, state: &State, life: Duration) -> Result<String, FlowError> {
    let key = crypto::new_token();
    let kept = sessions::Kept {
        admin_id: None,
        session_id: None,
        state: serde_json::to_string(state).map_err(|e| FlowError::Internal(e.to_string()))?,
        expires_at: after(cx.now(), life),
        ends_at: None,
    };
    sessions::begin(cx, &key, kept).await?;
    Ok(key)
}

async fn taken(cx: &Context, key: &str) -> Result<Option<State>, FlowError> {
    let state = sessions::take(cx, key).await?;
    // A row of the same table that is something else is nothing here.
    Ok(state.and_then(|text| serde_json::from_str(&text).ok()))
}

fn provider(rules: &OfficeRules) -> Result<&Provider, FlowError> {
    rules.company.as_ref().map(|company| &company.provider).ok_or(FlowError::NotFound)
}

/// The way to the provider, and the key by which the browser is known when it comes back.
///
/// # Errors
/// [`FlowError::NotFound`] where no provider is configured; [`FlowError::Internal`] of the database. The inner
/// [`Refusal`] is `Unreachable` or `TooMany`.
pub async fn begin(cx: &Context, purpose: Purpose, from: IpAddr) -> Result<Result<(Url, String), Refusal>, FlowError> {
    let provider = provider(&cx.rules.office)?;
    if !cx.rules.sign_in_limit.allows_beginning(from) {
        return Ok(Err(Refusal::TooMany));
    }
    let anew = purpose != Purpose::SignIn;
    let Ok((url, attempt)) = provider.begin(anew, cx.now()).await else {
        return Ok(Err(Refusal::Unreachable));
    };
    let key = keep(cx, &State::Away { attempt, purpose }, AWAY).await?;
    Ok(Ok((url, key)))
}

/// Takes what came back with a browser; answers the key of a proof. `key` is the one that the browser was given,
/// if it has one. Each way there ends here once, whatever comes of it.
///
/// # Errors
/// [`FlowError::NotFound`] where no provider is configured; [`FlowError::Internal`] of the database.
pub async fn came_back(
    cx: &Context,
    key: Option<&str>,
    back: CameBack,
    from: IpAddr,
) -> Result<Result<(String, Purpose), Refused>, FlowError> {
    let provider = provider(&cx.rules.office)?;
    if !cx.rules.sign_in_limit.allows_beginning(from) {
        return Ok(Err(Refused {
            why: Refusal::TooMany,
            purpose: None,
        }));
    }
    let state = match key {
        Some(key) => taken(cx, key).await?,
        None => None,
    };
    let Some(State::Away { attempt, purpose }) = state else {
        refused(cx, None, "no_attempt").await?;
        return Ok(Err(Refused {
            why: Refusal::NotGood,
            purpose: None,
        }));
    };
    let named = match provider.finish(attempt, back, cx.now()).await {
        Ok(person) => user_of(cx, person, &purpose).await?,
        Err(IdentityError::Unreachable) => Err((Refusal::Unreachable, "unreachable", None)),
        Err(IdentityError::Refused(why @ "email_not_verified")) => Err((Refusal::NotVerified, why, None)),
        Err(IdentityError::Refused(why)) => Err((Refusal::NotGood, why, None)),
    };
    match named {
        Ok((admin, person)) => {
            let proof = Proof {
                admin_id: admin.id,
                purpose: purpose.clone(),
                second_factor: person.second_factor,
                proved_at: person.proved_at.map(|at| at.min(cx.now())),
            };
            Ok(Ok((keep(cx, &State::Proved(proof), PROOF_LIFE).await?, purpose)))
        }
        Err((why, word, whose)) => {
            refused(cx, whose, word).await?;
            Ok(Err(Refused {
                why,
                purpose: Some(purpose),
            }))
        }
    }
}

type Named = Result<(Admin, Person), (Refusal, &'static str, Option<String>)>;

/// The user of the name that the provider said. Mail addresses are compared without regard to case, where no user
/// is written in just this way.
async fn user_of(cx: &Context, person: Person, purpose: &Purpose) -> Result<Named, FlowError> {
    let name = person.name.clone();
    let known = if has_forbidden_characters(&name) || name.len() > 64 {
        None
    } else {
        cx.db
            .read(move |a| match admins::by_user_name(a, &name)? {
                None if name.contains('@') => admins::by_user_name(a, &name.to_lowercase()),
                found => Ok(found),
            })
            .await?
    };
    let Some(admin) = known else {
        return Ok(Err((Refusal::Unknown, "unknown_user", None)));
    };
    if !admin.active {
        return Ok(Err((Refusal::Locked, "locked_user", Some(admin.id))));
    }
    match purpose {
        Purpose::Confirmation { admin_id, .. } if *admin_id != admin.id => {
            Ok(Err((Refusal::SomebodyElse, "somebody_else", Some(admin_id.clone()))))
        }
        _ if is_own_account(cx, &admin.id, &person.account).await? => Ok(Ok((admin, person))),
        _ => Ok(Err((Refusal::Unknown, "another_account", Some(admin.id)))),
    }
}

/// Names can be given to somebody else at the provider, accounts cannot: the first account that comes with a user's
/// name stays the user's.
async fn is_own_account(cx: &Context, admin_id: &str, account: &str) -> Result<bool, FlowError> {
    let (id, account, now) = (admin_id.to_owned(), account.to_owned(), cx.now());
    let job = move |a: &mut crate::store::Access<'_>| {
        let belonging = admins::belongs(a, &id, &account)?;
        if belonging == Belonging::New {
            audit::add(a, now, &id, "company_account_kept", Some(&id), None)?;
        }
        Ok(belonging != Belonging::Other)
    };
    Ok(cx.db.write(job).await?)
}

async fn refused(cx: &Context, whose: Option<String>, why: &'static str) -> Result<(), FlowError> {
    let now = cx.now();
    let job = move |a: &mut crate::store::Access<'_>| audit::add(a, now, "nobody", "company_sign_in_refused", whose.as_deref(), Some(why));
    Ok(cx.db.write(job).await?)
}

/// Uses a proof, once; answers it with its user, who may have been locked meanwhile.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn use_proof(cx: &Context, key: &str) -> Result<Option<(Proof, Admin)>, FlowError> {
    let Some(State::Proved(proof)) = taken(cx, key).await? else {
        return Ok(None);
    };
    let id = proof.admin_id.clone();
    let admin = cx.db.read(move |a| admins::get(a, &id)).await?;
    Ok(admin.filter(|admin| admin.active).map(|admin| (proof, admin)))
}

/// Records that somebody signed in, or did the first half of it when a one-time code is asked for still.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn signed_in(cx: &Context, admin: &Admin, code_follows: bool) -> Result<(), FlowError> {
    let (id, now) = (admin.id.clone(), cx.now());
    Ok(cx
        .db
        .write(move |a| {
            if code_follows {
                return audit::add(a, now, &id, "company_account_accepted", Some(&id), None);
            }
            admins::signed_in(a, &id, now)?;
            audit::add(a, now, &id, "signed_in", Some(&id), Some("company_account"))
        })
        .await?)
}

/// Records that somebody proved at the provider to be there.
///
/// # Errors
/// [`FlowError::Internal`] of the database.
pub async fn confirmed(cx: &Context, admin: &Admin) -> Result<(), FlowError> {
    let (id, now) = (admin.id.clone(), cx.now());
    Ok(cx
        .db
        .write(move |a| audit::add(a, now, &id, "confirmed", Some(&id), Some("company_account")))
        .await?)
}
