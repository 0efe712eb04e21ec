-- Consents that payers give a partner (or us, for one payment) to see accounts, and the tokens for them.
ALTER TABLE partners ADD COLUMN account_access BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE consents (
    id BIGINT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    payment_id BIGINT REFERENCES payments (id),
    status TEXT NOT NULL,
    bank_word TEXT,
    reason TEXT,
    bank_code TEXT,
    kind TEXT NOT NULL,
    recurring BOOLEAN NOT NULL,
    valid_until TEXT,
    request_hash TEXT,
    link_state_sealed BLOB,
    redirect_url TEXT,
    language TEXT,
    psu_id_at_partner_sealed BLOB,
    browser_hash TEXT,
    callback_hash TEXT,
    session_sealed BLOB,
    psu_step_sealed BLOB,
    page_sealed BLOB,
    notice TEXT,
    attempts INTEGER NOT NULL,
    polls INTEGER NOT NULL,
    version BIGINT NOT NULL,
    lease_until TIMESTAMP,
    due_at TIMESTAMP,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX consents_due ON consents (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX consents_callback ON consents (callback_hash) WHERE callback_hash IS NOT NULL;
CREATE INDEX consents_payment ON consents (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX consents_partner ON consents (partner_id, created_at);

CREATE TABLE consent_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    consent_id BIGINT NOT NULL REFERENCES consents (id),
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
CREATE INDEX consent_tokens_consent ON consent_tokens (consent_id);

-- How often something was read under a consent on a day (RTS 2018/389 Art. 36(5)).
CREATE TABLE consent_reads (
    consent_id BIGINT NOT NULL REFERENCES consents (id),
    day TEXT NOT NULL,
    resource TEXT NOT NULL,
    reads INTEGER NOT NULL,
    PRIMARY KEY (consent_id, day, resource)
);
