-- Times are UTC with microseconds; sealed columns hold AES-256-GCM-SIV ciphertexts bound to table, column and row.
CREATE TABLE partners (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    certificate_subject TEXT NOT NULL,
    certificate_issuer TEXT NOT NULL,
    certificate_sha256 TEXT,
    redirect_urls TEXT NOT NULL,
    flexible_redirect BOOLEAN NOT NULL,
    colour TEXT NOT NULL,
    logo BLOB,
    logo_type TEXT,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX partners_certificate ON partners (certificate_issuer, certificate_subject);

CREATE TABLE payments (
    id BIGINT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    status TEXT NOT NULL,
    bank_word TEXT,
    reason TEXT,
    version BIGINT NOT NULL,
    lease_until TIMESTAMP,
    due_at TIMESTAMP,
    attempts INTEGER NOT NULL,
    polls INTEGER NOT NULL,
    flexible_url BOOLEAN NOT NULL,
    link_to_pay BOOLEAN NOT NULL,
    headless BOOLEAN NOT NULL,
    external_payment_id TEXT,
    request_hash TEXT,
    link_state_sealed BLOB,
    redirect_url TEXT,
    language TEXT,
    terms_accepted BOOLEAN NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT,
    psu_id_at_partner_sealed BLOB,
    psu_email_sealed BLOB,
    debtor_iban_sealed BLOB,
    bank_code TEXT,
    browser_hash TEXT,
    confirmed_hash TEXT,
    callback_hash TEXT,
    bank_payment_id TEXT,
    bank_session_sealed BLOB,
    psu_step_sealed BLOB,
    notice TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX payments_callback ON payments (callback_hash) WHERE callback_hash IS NOT NULL;
CREATE INDEX payments_browser ON payments (browser_hash) WHERE browser_hash IS NOT NULL;
CREATE INDEX payments_partner ON payments (partner_id, created_at);

CREATE TABLE payment_instructions (
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    seq INTEGER NOT NULL,
    creditor_name_sealed BLOB NOT NULL,
    creditor_iban_sealed BLOB NOT NULL,
    amount_minor BIGINT NOT NULL,
    details_sealed BLOB NOT NULL,
    end_to_end_id TEXT NOT NULL,
    bank_word TEXT,
    PRIMARY KEY (payment_id, seq)
);

CREATE TABLE payment_events (
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    seq INTEGER NOT NULL,
    from_status TEXT NOT NULL,
    event TEXT NOT NULL,
    to_status TEXT NOT NULL,
    actor TEXT NOT NULL,
    bank_word TEXT,
    detail TEXT,
    at TIMESTAMP NOT NULL,
    PRIMARY KEY (payment_id, seq)
);

CREATE TABLE gateway_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    certificate_sha256 TEXT NOT NULL,
    access_hash TEXT NOT NULL UNIQUE,
    refresh_hash TEXT NOT NULL UNIQUE,
    access_expires_at TIMESTAMP NOT NULL,
    refresh_expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    revoked_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX gateway_tokens_payment ON gateway_tokens (payment_id);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    payment_id BIGINT REFERENCES payments (id),
    kind TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    payload_sealed BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    due_at TIMESTAMP,
    version BIGINT NOT NULL,
    last_error TEXT,
    sent_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_payment ON outbox (payment_id);

CREATE TABLE admins (
    id TEXT NOT NULL PRIMARY KEY,
    user_name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    password_changed_at TIMESTAMP NOT NULL,
    last_sign_in_at TIMESTAMP
);

CREATE TABLE admin_sessions (
    key_hash TEXT NOT NULL PRIMARY KEY,
    admin_id TEXT,
    state_sealed BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX admin_sessions_expiry ON admin_sessions (expires_at);

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    detail TEXT
);
CREATE INDEX audit_at ON audit (at);
