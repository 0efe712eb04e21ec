//! The PISP's own users.

use super::schema::admins as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::Language;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

/// What a user of the back office may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everything, and the users themselves.
    Administrator,
    /// Payments, banks, mail and partners from day to day.
    Operations,
    /// Answers partners and payers; sees personal data only with a reason.
    Support,
    /// Partners' files, reports and the audit log.
    Compliance,
    /// Looks, and changes nothing.
    ReadOnly,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 5] = [
        Self::Administrator,
        Self::Operations,
        Self::Support,
        Self::Compliance,
        Self::ReadOnly,
    ];

    /// As it is stored and typed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Operations => "operations",
            Self::Support => "support",
            Self::Compliance => "compliance",
            Self::ReadOnly => "read_only",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// An admin.
#[derive(Clone)]
pub struct Admin {
    /// Our own id.
    pub id: String,
    /// The name to sign in with.
    pub user_name: String,
    /// PHC string (argon2id).
    pub password_hash: String,
    /// Whether signing in is possible; a locked account is not active.
    pub active: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the password was last changed.
    pub password_changed_at: Timestamp,
    /// The last time of signing in.
    pub last_sign_in_at: Option<Timestamp>,
    /// What it may do.
    pub role: Role,
    /// The language its pages are in; none was chosen otherwise.
    pub language: Option<Language>,
    /// Somebody else knows the password: nothing but changing it is possible.
    pub must_change_password: bool,
    /// Whether a device for one-time codes was enrolled.
    pub has_totp: bool,
    /// Until when the password opens the back office where the company's provider is the only way in.
    pub password_until: Option<Timestamp>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = t)]
struct Row {
    id: String,
    user_name: String,
    password_hash: String,
    active: bool,
    created_at: Timestamp,
    password_changed_at: Timestamp,
    last_sign_in_at: Option<Timestamp>,
    role: String,
    language: Option<String>,
    must_change_password: bool,
    totp_sealed: Option<Vec<u8>>,
    totp_pending_sealed: Option<Vec<u8>>,
    totp_last_step: Option<i64>,
    password_until: Option<Timestamp>,
    company_account: Option<String>,
}

impl Row {
    fn admin(self) -> Result<Admin, StoreError> {
        let role = Role::parse(&self.role).ok_or_else(|| StoreError::Broken("admins.role is no role".into()))?;
        Ok(Admin {
            id: self.id,
            user_name: self.user_name,
            password_hash: self.password_hash,
            active: self.active,
            created_at: self.created_at,
            password_changed_at: self.password_changed_at,
            last_sign_in_at: self.last_sign_in_at,
            role,
            language: self.language.as_deref().and_then(Language::parse),
            must_change_password: self.must_change_password,
            has_totp: self.totp_sealed.is_some(),
            password_until: self.password_until,
        })
    }
}

/// Adds an admin, who has no device for one-time codes yet.
///
/// # Errors
/// [`StoreError::Taken`] when the user name is.
pub fn add(a: &mut Access<'_>, admin: &Admin) -> Result<(), StoreError> {
    let row = Row {
        id: admin.id.clone(),
        user_name: admin.user_name.clone(),
        password_hash: admin.password_hash.clone(),
        active: admin.active,
        created_at: admin.created_at,
        password_changed_at: admin.password_changed_at,
        last_sign_in_at: admin.last_sign_in_at,
        role: admin.role.as_str().into(),
        language: admin.language.map(|l| l.as_str().into()),
        must_change_password: admin.must_change_password,
        totp_sealed: None,
        totp_pending_sealed: None,
        totp_last_step: None,
        password_until: admin.password_until,
        company_account: None,
    };
    a.try_insert("the user name", |conn| diesel::insert_into(t::table).values(row).execute(conn))
}

/// The admin of a user name.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_user_name(a: &mut Access<'_>, user_name: &str) -> Result<Option<Admin>, StoreError> {
    let row: Option<Row> = t::table.filter(t::user_name.eq(user_name)).first(a.conn).optional()?;
    row.map(Row::admin).transpose()
}

/// The admin of an id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<Admin>, StoreError> {
    let row: Option<Row> = t::table.find(id).first(a.conn).optional()?;
    row.map(Row::admin).transpose()
}

/// All admins by their names.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn all(a: &mut Access<'_>) -> Result<Vec<Admin>, StoreError> {
    let rows: Vec<Row> = t::table.order(t::user_name).load(a.conn)?;
    rows.into_iter().map(Row::admin).collect()
}

/// How many admins there are.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn count(a: &mut Access<'_>) -> Result<i64, StoreError> {
    Ok(t::table.count().get_result(a.conn)?)
}

/// Records a sign-in.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn signed_in(a: &mut Access<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(t::table.find(id)).set(t::last_sign_in_at.eq(now)).execute(a.conn)?;
    Ok(())
}

/// Lets an admin's password open the back office until then, even where the company's provider is the only way in.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn open_by_password(a: &mut Access<'_>, id: &str, until: Timestamp) -> Result<(), StoreError> {
    diesel::update(t::table.find(id)).set(t::password_until.eq(until)).execute(a.conn)?;
    Ok(())
}

/// How a company account and an admin belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// It is the admin's.
    Its,
    /// It has become the admin's now: neither had another.
    New,
    /// The admin has another one, or it is another admin's.
    Other,
}

/// Says whether a company account (hash of issuer and subject) is an admin's; the first one that comes is.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn belongs(a: &mut Access<'_>, id: &str, account: &str) -> Result<Belonging, StoreError> {
    let owner: Option<String> = t::table
        .filter(t::company_account.eq(account))
        .select(t::id)
        .first(a.conn)
        .optional()?;
    match owner {
        Some(owner) if owner == id => return Ok(Belonging::Its),
        Some(_) => return Ok(Belonging::Other),
        None => {}
    }
    let free = t::table.find(id).filter(t::company_account.is_null());
    let bound = diesel::update(free).set(t::company_account.eq(account)).execute(a.conn)?;
    Ok(if bound == 1 { Belonging::New } else { Belonging::Other })
}

/// Lets an admin's next company account be another one.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn forget_company_account(a: &mut Access<'_>, id: &str) -> Result<(), StoreError> {
    let set = t::company_account.eq(None::<String>);
    diesel::update(t::table.find(id)).set(set).execute(a.conn)?;
    Ok(())
}

/// Keeps the language an admin chose.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_language(a: &mut Access<'_>, id: &str, language: Language) -> Result<(), StoreError> {
    diesel::update(t::table.find(id))
        .set(t::language.eq(language.as_str()))
        .execute(a.conn)?;
    Ok(())
}

/// Gives an admin another role.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_role(a: &mut Access<'_>, id: &str, role: Role) -> Result<(), StoreError> {
    diesel::update(t::table.find(id)).set(t::role.eq(role.as_str())).execute(a.conn)?;
    Ok(())
}
