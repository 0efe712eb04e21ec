//! The consent's row: which columns are sealed, and under which names.

use super::consent_search;
use super::consents::Consent;
use super::schema::consents as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::consent::{ConsentId, Kind, Status};
use crate::payment::{Language, PaymentId};
use diesel::{AsChangeset, Identifiable, Insertable, Queryable};

const TABLE: &str = "consents";

#[derive(Queryable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = t, treat_none_as_null = true)]
pub(super) struct Row {
    id: i64,
    partner_id: String,
    payment_id: Option<i64>,
    status: String,
    bank_word: Option<String>,
    reason: Option<String>,
    bank_code: Option<String>,
    kind: String,
    recurring: bool,
    valid_until: Option<String>,
    request_hash: Option<String>,
    link_state_sealed: Option<Vec<u8>>,
    redirect_url: Option<String>,
    language: Option<String>,
    psu_id_at_partner_sealed: Option<Vec<u8>>,
    browser_hash: Option<String>,
    callback_hash: Option<String>,
    session_sealed: Option<Vec<u8>>,
    psu_step_sealed: Option<Vec<u8>>,
    page_sealed: Option<Vec<u8>>,
    notice: Option<String>,
    attempts: i32,
    polls: i32,
    version: i64,
    lease_until: Option<Timestamp>,
    due_at: Option<Timestamp>,
    expires_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
    psu_key: Option<i64>,
}

impl Row {
    pub(super) fn seal(a: &Access<'_>, c: &Consent) -> Self {
        let key = c.id.to_string();
        let seal = |column, plain: Option<&str>| plain.map(|text| a.seal(TABLE, column, &key, text));
        Self {
            id: c.id.number(),
            partner_id: c.partner_id.clone(),
            payment_id: c.payment.map(PaymentId::number),
            status: c.status.as_str().into(),
            bank_word: c.bank_word.clone(),
            reason: c.reason.clone(),
            bank_code: c.bank_code.clone(),
            kind: c.kind.as_str().into(),
            recurring: c.recurring,
            valid_until: c.valid_until.map(|day| day.to_string()),
            request_hash: c.request_hash.clone(),
            link_state_sealed: seal("link_state", c.link_state.as_deref()),
            redirect_url: c.redirect_url.clone(),
            language: c.language.map(|l| l.as_str().into()),
            psu_id_at_partner_sealed: seal("psu_id_at_partner", c.psu_id_at_partner.as_deref()),
            browser_hash: c.browser_hash.clone(),
            callback_hash: c.callback_hash.clone(),
            session_sealed: seal("session", c.session.as_deref()),
            psu_step_sealed: seal("psu_step", c.psu_step.as_deref()),
            page_sealed: seal("page", c.page.as_deref()),
            notice: c.notice.clone(),
            attempts: c.attempts,
            polls: c.polls,
            version: c.version,
            lease_until: c.lease_until,
            due_at: c.due_at,
            expires_at: c.expires_at,
            created_at: c.created_at,
            updated_at: c.updated_at,
            ended_at: c.ended_at,
            psu_key: c
                .psu_id_at_partner
                .as_deref()
                .map(|psu| consent_search::psu_key(a, &c.partner_id, psu)),
        }
    }

    pub(super) fn open(self, a: &Access<'_>) -> Result<Consent, StoreError> {
        let key = self.id.to_string();
        let broken = |column: &str| StoreError::Broken(format!("consents.{column} of {key} is unreadable"));
        let open = |column, sealed: Option<&Vec<u8>>| sealed.map(|s| a.open(TABLE, column, &key, s).map(|t| t.to_string())).transpose();
        Ok(Consent {
            id: ConsentId::from_number(self.id).ok_or_else(|| broken("id"))?,
            payment: self
                .payment_id
                .map(|n| PaymentId::from_number(n).ok_or_else(|| broken("payment_id")))
                .transpose()?,
            status: Status::parse(&self.status).ok_or_else(|| broken("status"))?,
            kind: Kind::parse(&self.kind).ok_or_else(|| broken("kind"))?,
            valid_until: self
                .valid_until
                .as_deref()
                .map(|day| day.parse().map_err(|_| broken("valid_until")))
                .transpose()?,
            language: self
                .language
                .as_deref()
                .map(|l| Language::parse(l).ok_or_else(|| broken("language")))
                .transpose()?,
            link_state: open("link_state", self.link_state_sealed.as_ref())?,
            psu_id_at_partner: open("psu_id_at_partner", self.psu_id_at_partner_sealed.as_ref())?,
            session: open("session", self.session_sealed.as_ref())?,
            psu_step: open("psu_step", self.psu_step_sealed.as_ref())?,
            page: open("page", self.page_sealed.as_ref())?,
            partner_id: self.partner_id,
            bank_word: self.bank_word,
            reason: self.reason,
            bank_code: self.bank_code,
            recurring: self.recurring,
            request_hash: self.request_hash,
            redirect_url: self.redirect_url,
            browser_hash: self.browser_hash,
            callback_hash: self.callback_hash,
            notice: self.notice,
            attempts: self.attempts,
            polls: self.polls,
            version: self.version,
            lease_until: self.lease_until,
            due_at: self.due_at,
            expires_at: self.expires_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ended_at: self.ended_at,
        })
    }
}
