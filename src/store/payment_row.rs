//! The payment's row: which columns are sealed, and under which names.

use super::payments::Payment;
use super::schema::payments as t;
use super::{Access, StoreError};
use crate::clock::Timestamp;
use crate::payment::{Currency, Iban, Language, PaymentId, Status};
use diesel::{AsChangeset, Identifiable, Insertable, Queryable};

const TABLE: &str = "payments";

#[derive(Queryable, Insertable, AsChangeset, Identifiable)]
// Without defaults diesel writes many rows in one statement.
#[diesel(table_name = t, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct Row {
    id: i64,
    partner_id: String,
    status: String,
    bank_word: Option<String>,
    reason: Option<String>,
    version: i64,
    lease_until: Option<Timestamp>,
    due_at: Option<Timestamp>,
    attempts: i32,
    polls: i32,
    flexible_url: bool,
    link_to_pay: bool,
    headless: bool,
    external_payment_id: Option<String>,
    request_hash: Option<String>,
    link_state_sealed: Option<Vec<u8>>,
    redirect_url: Option<String>,
    language: Option<String>,
    terms_accepted: bool,
    currency: String,
    amount_minor: Option<i64>,
    psu_id_at_partner_sealed: Option<Vec<u8>>,
    psu_email_sealed: Option<Vec<u8>>,
    debtor_iban_sealed: Option<Vec<u8>>,
    bank_code: Option<String>,
    browser_hash: Option<String>,
    confirmed_hash: Option<String>,
    callback_hash: Option<String>,
    bank_payment_id: Option<String>,
    bank_session_sealed: Option<Vec<u8>>,
    psu_step_sealed: Option<Vec<u8>>,
    notice: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
    schedule: Option<String>,
    code_tries: i32,
    hand_over_hash: Option<String>,
    hand_over_until: Option<Timestamp>,
    doubted: bool,
    search_stamp: Option<i64>,
    extendable_until: Option<Timestamp>,
}

impl Row {
    pub(super) fn seal(a: &Access<'_>, p: &Payment) -> Result<Self, StoreError> {
        let key = p.id.to_string();
        let seal = |column, plain: Option<&str>| plain.map(|text| a.seal(TABLE, column, &key, text));
        let schedule = p.schedule.as_ref().map(serde_json::to_string).transpose();
        Ok(Self {
            id: p.id.number(),
            partner_id: p.partner_id.clone(),
            status: p.status.as_str().into(),
            bank_word: p.bank_word.clone(),
            reason: p.reason.clone(),
            version: p.version,
            lease_until: p.lease_until,
            due_at: p.due_at,
            attempts: p.attempts,
            polls: p.polls,
            flexible_url: p.flexible_url,
            link_to_pay: p.link_to_pay,
            headless: p.headless,
            external_payment_id: p.external_payment_id.clone(),
            request_hash: p.request_hash.clone(),
            link_state_sealed: seal("link_state", p.link_state.as_deref()),
            redirect_url: p.redirect_url.clone(),
            language: p.language.map(|l| l.as_str().into()),
            terms_accepted: p.terms_accepted,
            currency: p.currency.code().into(),
            amount_minor: p.total().map(|t| t.minor),
            psu_id_at_partner_sealed: seal("psu_id_at_partner", p.psu_id_at_partner.as_deref()),
            psu_email_sealed: seal("psu_email", p.psu_email.as_deref()),
            debtor_iban_sealed: seal("debtor_iban", p.debtor_iban.as_ref().map(Iban::electronic)),
            bank_code: p.bank_code.clone(),
            browser_hash: p.browser_hash.clone(),
            confirmed_hash: p.confirmed_hash.clone(),
            callback_hash: p.callback_hash.clone(),
            bank_payment_id: p.bank_payment_id.clone(),
            bank_session_sealed: seal("bank_session", p.bank_session.as_deref()),
            psu_step_sealed: seal("psu_step", p.psu_step.as_deref()),
            notice: p.notice.clone(),
            created_at: p.created_at,
            updated_at: p.updated_at,
            expires_at: p.expires_at,
            ended_at: p.ended_at,
            schedule: schedule.map_err(|e| StoreError::Broken(format!("payments.schedule of {key}: {e}")))?,
            code_tries: p.code_tries,
            hand_over_hash: p.hand_over_hash.clone(),
            hand_over_until: p.hand_over_until,
            doubted: p.doubted,
            search_stamp: p.search_stamp,
            extendable_until: p.extendable_until,
        })
    }

    /// Opens the sealed columns; the instructions are read separately.
    pub(super) fn open(self, a: &Access<'_>) -> Result<Payment, StoreError> {
        let key = self.id.to_string();
        let broken = |column: &str| StoreError::Broken(format!("payments.{column} of {key} is unreadable"));
        let open = |column, sealed: Option<&Vec<u8>>| sealed.map(|s| a.open(TABLE, column, &key, s).map(|t| t.to_string())).transpose();
        let debtor_iban = open("debtor_iban", self.debtor_iban_sealed.as_ref())?;
        Ok(Payment {
            id: PaymentId::from_number(self.id).ok_or_else(|| broken("id"))?,
            status: Status::parse(&self.status).ok_or_else(|| broken("status"))?,
            currency: Currency::from_code(&self.currency).ok_or_else(|| broken("currency"))?,
            language: self
                .language
                .as_deref()
                .map(|l| Language::parse(l).ok_or_else(|| broken("language")))
                .transpose()?,
            link_state: open("link_state", self.link_state_sealed.as_ref())?,
            psu_id_at_partner: open("psu_id_at_partner", self.psu_id_at_partner_sealed.as_ref())?,
            psu_email: open("psu_email", self.psu_email_sealed.as_ref())?,
            debtor_iban: debtor_iban
                .map(|i| Iban::parse(&i).map_err(|_| broken("debtor_iban")))
                .transpose()?,
            bank_session: open("bank_session", self.bank_session_sealed.as_ref())?,
            psu_step: open("psu_step", self.psu_step_sealed.as_ref())?,
            partner_id: self.partner_id,
            bank_word: self.bank_word,
            reason: self.reason,
            version: self.version,
            lease_until: self.lease_until,
            due_at: self.due_at,
            attempts: self.attempts,
            polls: self.polls,
            flexible_url: self.flexible_url,
            link_to_pay: self.link_to_pay,
            headless: self.headless,
            external_payment_id: self.external_payment_id,
            request_hash: self.request_hash,
            redirect_url: self.redirect_url,
            terms_accepted: self.terms_accepted,
            bank_code: self.bank_code,
            browser_hash: self.browser_hash,
            confirmed_hash: self.confirmed_hash,
            callback_hash: self.callback_hash,
            bank_payment_id: self.bank_payment_id,
            notice: self.notice,
            created_at: self.created_at,
            updated_at: self.updated_at,
            expires_at: self.expires_at,
            ended_at: self.ended_at,
            schedule: self
                .schedule
                .as_deref()
                .map(|s| serde_json::from_str(s).map_err(|_| broken("schedule")))
                .transpose()?,
            code_tries: self.code_tries,
            hand_over_hash: self.hand_over_hash,
            hand_over_until: self.hand_over_until,
            doubted: self.doubted,
            search_stamp: self.search_stamp,
            extendable_until: self.extendable_until,
            instructions: Vec::new(),
            instruction_words: Vec::new(),
            instruction_texts: Vec::new(),
        })
    }
}

impl Payment {
    /// A payment of which nothing is known yet but whose it is.
    #[must_use]
    pub fn new(id: PaymentId, partner_id: &str, currency: Currency, now: Timestamp, expires_at: Timestamp) -> Self {
        Self {
            id,
            partner_id: partner_id.to_owned(),
            status: Status::Created,
            bank_word: None,
            reason: None,
            version: 0,
            lease_until: None,
            due_at: Some(expires_at),
            attempts: 0,
            polls: 0,
            flexible_url: false,
            link_to_pay: false,
            headless: false,
            external_payment_id: None,
            request_hash: None,
            link_state: None,
            redirect_url: None,
            language: None,
            terms_accepted: false,
            currency,
            psu_id_at_partner: None,
            psu_email: None,
            debtor_iban: None,
            bank_code: None,
            browser_hash: None,
            confirmed_hash: None,
            callback_hash: None,
            bank_payment_id: None,
            bank_session: None,
            psu_step: None,
            notice: None,
            created_at: now,
            updated_at: now,
            expires_at,
            ended_at: None,
            schedule: None,
            code_tries: 0,
            hand_over_hash: None,
            hand_over_until: None,
            doubted: false,
            search_stamp: None,
            extendable_until: None,
            instructions: Vec::new(),
            instruction_words: Vec::new(),
            instruction_texts: Vec::new(),
        }
    }
}
