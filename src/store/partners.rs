//! Partners.

use super::schema::partners;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::partner::{Partner, PartnerKind};
use crate::payment::Currency;
use diesel::{ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _};

#[derive(Queryable, Insertable)]
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
    logo: Option<Vec<u8>>,
    logo_type: Option<String>,
    active: bool,
    created_at: Timestamp,
}

impl Row {
    fn into_partner(self) -> Result<Partner, StoreError> {
        let broken = |column: &str| StoreError::Broken(format!("partners.{column} of {} is unreadable", self.id));
        Ok(Partner {
            kind: PartnerKind::parse(&self.kind).ok_or_else(|| broken("kind"))?,
            currency: Currency::from_code(&self.currency).ok_or_else(|| broken("currency"))?,
            redirect_urls: serde_json::from_str(&self.redirect_urls).map_err(|_| broken("redirect_urls"))?,
            logo: self.logo.zip(self.logo_type),
            id: self.id,
            client_id: self.client_id,
            name: self.name,
            certificate_subject: self.certificate_subject,
            certificate_issuer: self.certificate_issuer,
            certificate_sha256: self.certificate_sha256,
            flexible_redirect: self.flexible_redirect,
            colour: self.colour,
            active: self.active,
        })
    }
}

/// Adds a partner.
///
/// # Errors
/// [`StoreError::Taken`] when its client id or certificate belongs to another.
pub fn add(a: &mut Access<'_>, partner: &Partner, now: Timestamp) -> Result<(), StoreError> {
    let (logo, logo_type) = partner.logo.clone().unzip();
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
        logo,
        logo_type,
        active: partner.active,
        created_at: now,
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
    let row: Option<Row> = partners::table.find(id).first(a.conn).optional()?;
    row.map(Row::into_partner).transpose()
}

/// The partner of a client id.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn by_client_id(a: &mut Access<'_>, client_id: &str) -> Result<Option<Partner>, StoreError> {
    let row: Option<Row> = partners::table.filter(partners::client_id.eq(client_id)).first(a.conn).optional()?;
    row.map(Row::into_partner).transpose()
}

/// All partners by name, at most 1000.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn list(a: &mut Access<'_>) -> Result<Vec<Partner>, StoreError> {
    let rows: Vec<Row> = partners::table.order(partners::name).limit(1000).load(a.conn)?;
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
    let row: Option<Row> = of.first(a.conn).optional()?;
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
