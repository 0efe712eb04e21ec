//! Partners.

use super::schema::partners;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::{ButtonText, Logo, Partner, PartnerKind, Screen};
use crate::payment::Currency;
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _, Selectable,
    SelectableHelper as _,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = partners)]
struct Row {
    id: String,
    client_id: String,
    name: String,
    kind: String,
    currency: String,
    certificate_subject: String,
    certificate_issuer: String,
    certificate_sha256: Option<String>,
    redirect_urls: String,
    flexible_redirect: bool,
    colour: String,
    logo_type: Option<String>,
    active: bool,
    created_at: Timestamp,
    account_access: bool,
    dark_logo_type: Option<String>,
    button_text: String,
}

impl Row {
    fn into_partner(self) -> Result<Partner, StoreError> {
        let broken = |column: &str| StoreError::Broken(format!("partners.{column} of {} is unreadable", self.id));
        Ok(Partner {
            kind: PartnerKind::parse(&self.kind).ok_or_else(|| broken("kind"))?,
            currency: Currency::from_code(&self.currency).ok_or_else(|| broken("currency"))?,
            redirect_urls: serde_json::from_str(&self.redirect_urls).map_err(|_| broken("redirect_urls"))?,
            has_logo: self.logo_type.is_some(),
            has_dark_logo: self.dark_logo_type.is_some(),
            button_text: ButtonText::parse(&self.button_text).ok_or_else(|| broken("button_text"))?,
            id: self.id,
            client_id: self.client_id,
            name: self.name,
            certificate_subject: self.certificate_subject,
            certificate_issuer: self.certificate_issuer,
            certificate_sha256: self.certificate_sha256,
            flexible_redirect: self.flexible_redirect,
            colour: self.colour,
            active: self.active,
            account_access: self.account_access,
        })
    }
}

/// Adds a partner.
///
/// # Errors
/// [`StoreError::Taken`] when its client id or certificate belongs to another.
pub fn add(a: &mut Access<'_>, partner: &Partner, now: Timestamp) -> Result<(), StoreError> {
    let row = Row {
        id: partner.id.clone(),
        client_id: partner.client_id.clone(),
        name: partner.name.clone(),
        kind: partner.kind.as_str().into(),
        currency: partner.currency.code().into(),
        certificate_subject: partner.certificate_subject.clone(),
        certificate_issuer: partner.certificate_issuer.clone(),
        certificate_sha256: partner.certificate_sha256.clone(),
        redirect_urls: serde_json::to_string(&partner.redirect_urls)?,
        flexible_redirect: partner.flexible_redirect,
        colour: partner.colour.clone(),
        logo_type: None,
        active: partner.active,
        created_at: now,
        account_access: partner.account_access,
        dark_logo_type: None,
        button_text: partner.button_text.as_str().into(),
    };
    a.try_insert("the client id or certificate", |conn| {
        diesel::insert_into(partners::table).values(&row).execute(conn)
    })
}

/// The partner of an id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn get(a: &mut Access<'_>, id: &str) -> Result<Option<Partner>, StoreError> {
    let row: Option<Row> = partners::table.find(id).select(Row::as_select()).first(a.conn).optional()?;
    row.map(Row::into_partner).transpose()
}

/// The partner of a client id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_client_id(a: &mut Access<'_>, client_id: &str) -> Result<Option<Partner>, StoreError> {
    let row: Option<Row> = partners::table
        .filter(partners::client_id.eq(client_id))
        .select(Row::as_select())
        .first(a.conn)
        .optional()?;
    row.map(Row::into_partner).transpose()
}

/// All partners by name, at most 1000.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn list(a: &mut Access<'_>) -> Result<Vec<Partner>, StoreError> {
    let rows: Vec<Row> = partners::table
        .order(partners::name)
        .limit(1000)
        .select(Row::as_select())
        .load(a.conn)?;
    rows.into_iter().map(Row::into_partner).collect()
}

/// The partner of a certificate.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_certificate(a: &mut Access<'_>, issuer: &str, subject: &str) -> Result<Option<Partner>, StoreError> {
    let of = partners::table
        .filter(partners::certificate_issuer.eq(issuer))
        .filter(partners::certificate_subject.eq(subject));
    let row: Option<Row> = of.select(Row::as_select()).first(a.conn).optional()?;
    row.map(Row::into_partner).transpose()
}

/// Replaces a partner's redirect URLs; `false` when there is no such partner.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_redirect_urls(a: &mut Access<'_>, client_id: &str, urls: &[url::Url]) -> Result<bool, StoreError> {
    let of = partners::table.filter(partners::client_id.eq(client_id));
    Ok(diesel::update(of)
        .set(partners::redirect_urls.eq(serde_json::to_string(urls)?))
        .execute(a.conn)?
        == 1)
}

/// Lets a partner call, or stops it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_active(a: &mut Access<'_>, id: &str, active: bool) -> Result<bool, StoreError> {
    Ok(diesel::update(partners::table.find(id))
        .set(partners::active.eq(active))
        .execute(a.conn)?
        == 1)
}

/// Stores a partner's logo with its media type, or takes it away.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_logo(a: &mut Access<'_>, id: &str, screen: Screen, logo: Option<&Logo>) -> Result<(), StoreError> {
    let (bytes, media_type) = logo.map(|(bytes, media_type)| (bytes, media_type)).unzip();
    let of = partners::table.find(id);
    match screen {
        Screen::Light => diesel::update(of)
            .set((partners::logo.eq(bytes), partners::logo_type.eq(media_type)))
            .execute(a.conn)?,
        Screen::Dark => diesel::update(of)
            .set((partners::dark_logo.eq(bytes), partners::dark_logo_type.eq(media_type)))
            .execute(a.conn)?,
    };
    Ok(())
}

/// A partner's logo and its media type.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn logo(a: &mut Access<'_>, id: &str, screen: Screen) -> Result<Option<Logo>, StoreError> {
    let of = partners::table.find(id);
    let found = match screen {
        Screen::Light => of.select((partners::logo, partners::logo_type)).first(a.conn).optional()?,
        Screen::Dark => of
            .select((partners::dark_logo, partners::dark_logo_type))
            .first(a.conn)
            .optional()?,
    };
    let (bytes, media_type): (Option<Vec<u8>>, Option<String>) = found.unwrap_or_default();
    Ok(bytes.zip(media_type))
}

/// Keeps other writers of this partner's row waiting until the transaction ends; `false` when there is none.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn hold(a: &mut Access<'_>, id: &str) -> Result<bool, StoreError> {
    let unchanged = partners::active.eq(partners::active);
    Ok(diesel::update(partners::table.find(id)).set(unchanged).execute(a.conn)? == 1)
}

/// Writes what an admin may change of a partner alone: name, kind, currency, colour, button and access to accounts.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_profile(a: &mut Access<'_>, partner: &Partner) -> Result<bool, StoreError> {
    let set = (
        partners::name.eq(&partner.name),
        partners::kind.eq(partner.kind.as_str()),
        partners::currency.eq(partner.currency.code()),
        partners::colour.eq(&partner.colour),
        partners::button_text.eq(partner.button_text.as_str()),
        partners::account_access.eq(partner.account_access),
    );
    Ok(diesel::update(partners::table.find(&partner.id)).set(set).execute(a.conn)? == 1)
}

/// Replaces where a partner's payers may be sent back to.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_redirects(a: &mut Access<'_>, id: &str, urls: &[url::Url], flexible: bool) -> Result<bool, StoreError> {
    let set = (
        partners::redirect_urls.eq(serde_json::to_string(urls)?),
        partners::flexible_redirect.eq(flexible),
    );
    Ok(diesel::update(partners::table.find(id)).set(set).execute(a.conn)? == 1)
}

/// What is said of a partner beside its profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// Whether it may send applications of sub-merchants.
    pub may_onboard: bool,
    /// The partner through which it came itself; our own id.
    pub came_through: Option<String>,
}

/// What a partner is to platforms; nothing when there is no such partner.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn platform(a: &mut Access<'_>, id: &str) -> Result<Platform, StoreError> {
    let columns = (partners::may_onboard, partners::platform_partner_id);
    let found: Option<(bool, Option<String>)> = partners::table.find(id).select(columns).first(a.conn).optional()?;
    Ok(found.map_or_else(Platform::default, |(may_onboard, came_through)| Platform {
        may_onboard,
        came_through,
    }))
}

/// Lets a partner send applications of sub-merchants, or stops it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_may_onboard(a: &mut Access<'_>, id: &str, may: bool) -> Result<bool, StoreError> {
    let set = partners::may_onboard.eq(may);
    Ok(diesel::update(partners::table.find(id)).set(set).execute(a.conn)? == 1)
}

/// Records through which partner another came.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn set_came_through(a: &mut Access<'_>, id: &str, platform_id: &str) -> Result<bool, StoreError> {
    let set = partners::platform_partner_id.eq(platform_id);
    Ok(diesel::update(partners::table.find(id)).set(set).execute(a.conn)? == 1)
}

/// Whether a partner has started a payment: its currency cannot change any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn has_payments(a: &mut Access<'_>, id: &str) -> Result<bool, StoreError> {
    use super::schema::payments;
    let some: Option<i64> = payments::table
        .filter(payments::partner_id.eq(id))
        .select(payments::id)
        .first(a.conn)
        .optional()?;
    Ok(some.is_some())
}
