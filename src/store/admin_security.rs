//! What guards the accounts of the operator's own users: passwords of before, the device for one-time codes
//! (TOTP, RFC 6238), and recovery codes. Secrets are sealed; of passwords and codes there are hashes only.

use super::schema::{admin_passwords as p, admin_recovery_codes as r, admins as t};
use super::{Access, StoreError};
use crate::clock::Timestamp;
use diesel::{BoolExpressionMethods as _, ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use zeroize::Zeroizing;

/// Passwords of before that are kept beside the present one.
const KEPT_PASSWORDS: i64 = 11;

#[derive(Insertable)]
#[diesel(table_name = p)]
struct OldPassword {
    id: String,
    admin_id: String,
    password_hash: String,
    created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = r)]
struct RecoveryCode {
    code_hash: String,
    admin_id: String,
    created_at: Timestamp,
    used_at: Option<Timestamp>,
}

/// The hashes of a user's passwords of before, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn old_passwords(a: &mut Access<'_>, admin_id: &str) -> Result<Vec<String>, StoreError> {
    let own = p::table
        .filter(p::admin_id.eq(admin_id))
        .order((p::created_at.desc(), p::id.desc()));
    Ok(own.select(p::password_hash).limit(KEPT_PASSWORDS).load(a.conn)?)
}

/// Gives a user another password; the present one joins those of before.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_password(a: &mut Access<'_>, admin_id: &str, hash: &str, must_change: bool, now: Timestamp) -> Result<(), StoreError> {
    let present: Option<String> = t::table.find(admin_id).select(t::password_hash).first(a.conn).optional()?;
    if let Some(password_hash) = present {
        let row = OldPassword {
            id: uuid::Uuid::now_v7().to_string(),
            admin_id: admin_id.into(),
            password_hash,
            created_at: now,
        };
        diesel::insert_into(p::table).values(&row).execute(a.conn)?;
    }
    let own = p::table
        .filter(p::admin_id.eq(admin_id))
        .order((p::created_at.desc(), p::id.desc()));
    let kept: Vec<String> = own.select(p::id).limit(KEPT_PASSWORDS).load(a.conn)?;
    diesel::delete(p::table.filter(p::admin_id.eq(admin_id)).filter(p::id.ne_all(kept))).execute(a.conn)?;
    diesel::update(t::table.find(admin_id))
        .set((
            t::password_hash.eq(hash),
            t::must_change_password.eq(must_change),
            t::password_changed_at.eq(now),
        ))
        .execute(a.conn)?;
    Ok(())
}

/// Locks an account, or unlocks it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_active(a: &mut Access<'_>, admin_id: &str, active: bool) -> Result<(), StoreError> {
    diesel::update(t::table.find(admin_id)).set(t::active.eq(active)).execute(a.conn)?;
    Ok(())
}

/// The secret of the enrolled device, base32.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn totp(a: &mut Access<'_>, admin_id: &str) -> Result<Option<Zeroizing<String>>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = t::table.find(admin_id).select(t::totp_sealed).first(a.conn).optional()?;
    sealed.flatten().map(|s| a.open("admins", "totp", admin_id, &s)).transpose()
}

/// The secret of a device that is being enrolled, base32.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn pending_totp(a: &mut Access<'_>, admin_id: &str) -> Result<Option<Zeroizing<String>>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = t::table.find(admin_id).select(t::totp_pending_sealed).first(a.conn).optional()?;
    sealed.flatten().map(|s| a.open("admins", "totp_pending", admin_id, &s)).transpose()
}

/// Begins to enrol a device.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_pending_totp(a: &mut Access<'_>, admin_id: &str, secret: &str) -> Result<(), StoreError> {
    let sealed = a.seal("admins", "totp_pending", admin_id, secret);
    diesel::update(t::table.find(admin_id))
        .set(t::totp_pending_sealed.eq(Some(sealed)))
        .execute(a.conn)?;
    Ok(())
}

/// Enrols a device, whose code of this step was just used.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_totp(a: &mut Access<'_>, admin_id: &str, secret: &str, used_step: Option<i64>) -> Result<(), StoreError> {
    let sealed = a.seal("admins", "totp", admin_id, secret);
    diesel::update(t::table.find(admin_id))
        .set((
            t::totp_sealed.eq(Some(sealed)),
            t::totp_pending_sealed.eq(None::<Vec<u8>>),
            t::totp_last_step.eq(used_step),
        ))
        .execute(a.conn)?;
    Ok(())
}

/// Forgets the device and the recovery codes.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn clear_totp(a: &mut Access<'_>, admin_id: &str) -> Result<(), StoreError> {
    diesel::update(t::table.find(admin_id))
        .set((
            t::totp_sealed.eq(None::<Vec<u8>>),
            t::totp_pending_sealed.eq(None::<Vec<u8>>),
            t::totp_last_step.eq(None::<i64>),
        ))
        .execute(a.conn)?;
    diesel::delete(r::table.filter(r::admin_id.eq(admin_id))).execute(a.conn)?;
    Ok(())
}

/// Uses up a step, and all before it; answers whether it was still unused.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn use_step(a: &mut Access<'_>, admin_id: &str, step: i64) -> Result<bool, StoreError> {
    let unused = t::totp_last_step.is_null().or(t::totp_last_step.lt(step));
    let own = t::table.filter(t::id.eq(admin_id)).filter(unused);
    Ok(diesel::update(own).set(t::totp_last_step.eq(Some(step))).execute(a.conn)? > 0)
}

/// Replaces a user's recovery codes.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn replace_recovery_codes(a: &mut Access<'_>, admin_id: &str, hashes: Vec<String>, now: Timestamp) -> Result<(), StoreError> {
    diesel::delete(r::table.filter(r::admin_id.eq(admin_id))).execute(a.conn)?;
    for code_hash in hashes {
        let row = RecoveryCode {
            code_hash,
            admin_id: admin_id.into(),
            created_at: now,
            used_at: None,
        };
        diesel::insert_into(r::table).values(&row).execute(a.conn)?;
    }
    Ok(())
}

/// Uses up a recovery code; answers whether there was such an unused one.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn use_recovery_code(a: &mut Access<'_>, admin_id: &str, hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    let unused = r::table
        .filter(r::code_hash.eq(hash))
        .filter(r::admin_id.eq(admin_id))
        .filter(r::used_at.is_null());
    Ok(diesel::update(unused).set(r::used_at.eq(Some(now))).execute(a.conn)? > 0)
}

/// How many recovery codes are left.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn recovery_codes_left(a: &mut Access<'_>, admin_id: &str) -> Result<i64, StoreError> {
    let unused = r::table.filter(r::admin_id.eq(admin_id)).filter(r::used_at.is_null());
    Ok(unused.count().get_result(a.conn)?)
}
