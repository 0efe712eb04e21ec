//! The tables, as diesel sees them; a test compares them with both migrated databases.

mod office;
mod webhooks;

pub use office::{
    applications, audit_checkpoints, bank_calls, bank_closures, bank_contacts, bank_errors, daily_jobs, export_parts, exports,
    onboarding_document_parts, onboarding_documents, onboarding_files, onboarding_versions, partner_certificates, partner_counts,
    payer_request_consents, payer_request_payments, payer_requests, payment_keys, proposals, reconciliation_lines, reconciliation_parts,
    reconciliations, report_days, report_passes, report_readers, reseal_passes, retention_reports, saved_filters, signing_keys,
};
pub use webhooks::{webhook_deliveries, webhook_endpoints};

diesel::table! {
    partners (id) {
        id -> Text,
        client_id -> Text,
        name -> Text,
        kind -> Text,
        currency -> Text,
        certificate_subject -> Text,
        certificate_issuer -> Text,
        certificate_sha256 -> Nullable<Text>,
        redirect_urls -> Text,
        flexible_redirect -> Bool,
        colour -> Text,
        logo -> Nullable<Binary>,
        logo_type -> Nullable<Text>,
        active -> Bool,
        created_at -> Timestamp,
        account_access -> Bool,
        figures -> Nullable<Text>,
        may_onboard -> Bool,
        platform_partner_id -> Nullable<Text>,
        dark_logo -> Nullable<Binary>,
        dark_logo_type -> Nullable<Text>,
        button_text -> Text,
        signature_keys -> Nullable<Text>,
        signed_requests -> Bool,
    }
}

diesel::table! {
    payments (id) {
        id -> BigInt,
        partner_id -> Text,
        status -> Text,
        bank_word -> Nullable<Text>,
        reason -> Nullable<Text>,
        version -> BigInt,
        lease_until -> Nullable<Timestamp>,
        due_at -> Nullable<Timestamp>,
        attempts -> Integer,
        polls -> Integer,
        flexible_url -> Bool,
        link_to_pay -> Bool,
        headless -> Bool,
        external_payment_id -> Nullable<Text>,
        request_hash -> Nullable<Text>,
        link_state_sealed -> Nullable<Binary>,
        redirect_url -> Nullable<Text>,
        language -> Nullable<Text>,
        terms_accepted -> Bool,
        currency -> Text,
        amount_minor -> Nullable<BigInt>,
        psu_id_at_partner_sealed -> Nullable<Binary>,
        psu_email_sealed -> Nullable<Binary>,
        debtor_iban_sealed -> Nullable<Binary>,
        bank_code -> Nullable<Text>,
        browser_hash -> Nullable<Text>,
        confirmed_hash -> Nullable<Text>,
        callback_hash -> Nullable<Text>,
        bank_payment_id -> Nullable<Text>,
        bank_session_sealed -> Nullable<Binary>,
        psu_step_sealed -> Nullable<Binary>,
        notice -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        schedule -> Nullable<Text>,
        code_tries -> Integer,
        hand_over_hash -> Nullable<Text>,
        hand_over_until -> Nullable<Timestamp>,
        doubted -> Bool,
        search_stamp -> Nullable<BigInt>,
        extendable_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    payment_instructions (payment_id, seq) {
        payment_id -> BigInt,
        seq -> Integer,
        creditor_name_sealed -> Binary,
        creditor_iban_sealed -> Binary,
        amount_minor -> BigInt,
        details_sealed -> Binary,
        end_to_end_id -> Text,
        bank_word -> Nullable<Text>,
        giro_sealed -> Nullable<Binary>,
        bank_text_sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    payment_events (payment_id, seq) {
        payment_id -> BigInt,
        seq -> Integer,
        from_status -> Text,
        event -> Text,
        to_status -> Text,
        actor -> Text,
        bank_word -> Nullable<Text>,
        detail -> Nullable<Text>,
        at -> Timestamp,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    gateway_tokens (id) {
        id -> Text,
        payment_id -> BigInt,
        partner_id -> Text,
        certificate_sha256 -> Text,
        access_hash -> Text,
        refresh_hash -> Text,
        access_expires_at -> Timestamp,
        refresh_expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        payment_id -> Nullable<BigInt>,
        kind -> Text,
        message_id -> Text,
        payload_sealed -> Binary,
        attempts -> Integer,
        due_at -> Nullable<Timestamp>,
        version -> BigInt,
        last_error -> Nullable<Text>,
        sent_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    admins (id) {
        id -> Text,
        user_name -> Text,
        password_hash -> Text,
        active -> Bool,
        created_at -> Timestamp,
        password_changed_at -> Timestamp,
        last_sign_in_at -> Nullable<Timestamp>,
        role -> Text,
        language -> Nullable<Text>,
        must_change_password -> Bool,
        totp_sealed -> Nullable<Binary>,
        totp_pending_sealed -> Nullable<Binary>,
        totp_last_step -> Nullable<BigInt>,
        password_until -> Nullable<Timestamp>,
        company_account -> Nullable<Text>,
    }
}

diesel::table! {
    admin_passwords (id) {
        id -> Text,
        admin_id -> Text,
        password_hash -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    admin_recovery_codes (code_hash) {
        code_hash -> Text,
        admin_id -> Text,
        created_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    admin_sessions (key_hash) {
        key_hash -> Text,
        admin_id -> Nullable<Text>,
        state_sealed -> Binary,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        session_id -> Nullable<Text>,
        ends_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    audit (id) {
        id -> Text,
        at -> Timestamp,
        actor -> Text,
        action -> Text,
        subject -> Nullable<Text>,
        detail -> Nullable<Text>,
        seq -> Nullable<BigInt>,
        previous_hash -> Nullable<Text>,
        row_hash -> Nullable<Text>,
    }
}

diesel::table! {
    bank_access (id) {
        id -> Text,
        access_sealed -> Nullable<Binary>,
        refresh_sealed -> Nullable<Binary>,
        fresh_until -> Nullable<Timestamp>,
        locked_until -> Nullable<Timestamp>,
        lease_until -> Nullable<Timestamp>,
        version -> BigInt,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    bank_credentials (id) {
        id -> Text,
        bank_code -> Text,
        holder -> Text,
        name_sealed -> Binary,
        password_sealed -> Binary,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    consents (id) {
        id -> BigInt,
        partner_id -> Text,
        payment_id -> Nullable<BigInt>,
        status -> Text,
        bank_word -> Nullable<Text>,
        reason -> Nullable<Text>,
        bank_code -> Nullable<Text>,
        kind -> Text,
        recurring -> Bool,
        valid_until -> Nullable<Text>,
        request_hash -> Nullable<Text>,
        link_state_sealed -> Nullable<Binary>,
        redirect_url -> Nullable<Text>,
        language -> Nullable<Text>,
        psu_id_at_partner_sealed -> Nullable<Binary>,
        browser_hash -> Nullable<Text>,
        callback_hash -> Nullable<Text>,
        session_sealed -> Nullable<Binary>,
        psu_step_sealed -> Nullable<Binary>,
        page_sealed -> Nullable<Binary>,
        notice -> Nullable<Text>,
        attempts -> Integer,
        polls -> Integer,
        version -> BigInt,
        lease_until -> Nullable<Timestamp>,
        due_at -> Nullable<Timestamp>,
        expires_at -> Timestamp,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        psu_key -> Nullable<BigInt>,
    }
}

diesel::table! {
    consent_tokens (id) {
        id -> Text,
        consent_id -> BigInt,
        partner_id -> Text,
        certificate_sha256 -> Text,
        access_hash -> Text,
        refresh_hash -> Text,
        access_expires_at -> Timestamp,
        refresh_expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    consent_reads (consent_id, day, resource) {
        consent_id -> BigInt,
        day -> Text,
        resource -> Text,
        reads -> Integer,
    }
}

diesel::table! {
    erased_payments (payment_id) {
        payment_id -> BigInt,
        at -> Timestamp,
        scope -> Text,
        because -> Text,
    }
}

diesel::table! {
    payment_search_keys (key_hash, created_us, payment_id) {
        key_hash -> BigInt,
        created_us -> BigInt,
        payment_id -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(payments, erased_payments);

diesel::allow_tables_to_appear_in_same_query!(
    partners,
    payments,
    payment_instructions,
    payment_events,
    gateway_tokens,
    outbox,
    admins,
    admin_sessions,
    audit
);
