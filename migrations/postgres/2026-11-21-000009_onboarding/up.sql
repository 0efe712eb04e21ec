-- What is known about a partner (Law 129/2019), its versions and documents; what was erased when, and why.
CREATE TABLE onboarding_files (
    partner_id TEXT NOT NULL PRIMARY KEY REFERENCES partners (id),
    version BIGINT NOT NULL,
    complete BOOLEAN NOT NULL,
    file_sealed BYTEA,
    renewal_due_at TIMESTAMP,
    ended_at TIMESTAMP,
    ended_by TEXT,
    end_reason_sealed BYTEA,
    keep_until TIMESTAMP,
    erased_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX onboarding_files_keep ON onboarding_files (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE onboarding_versions (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    version BIGINT NOT NULL,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    changed TEXT NOT NULL,
    file_sealed BYTEA NOT NULL,
    PRIMARY KEY (partner_id, version)
);

CREATE TABLE onboarding_documents (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    kind TEXT NOT NULL,
    name_sealed BYTEA NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    parts INTEGER NOT NULL,
    added_at TIMESTAMP NOT NULL,
    added_by TEXT NOT NULL,
    removed_at TIMESTAMP,
    removed_by TEXT,
    remove_reason_sealed BYTEA
);
CREATE INDEX onboarding_documents_partner ON onboarding_documents (partner_id, added_at);

CREATE TABLE onboarding_document_parts (
    document_id TEXT NOT NULL REFERENCES onboarding_documents (id),
    seq INTEGER NOT NULL,
    part_sealed BYTEA NOT NULL,
    PRIMARY KEY (document_id, seq)
);

-- The day on which a daily job last ran, whichever node ran it.
CREATE TABLE daily_jobs (
    name TEXT NOT NULL PRIMARY KEY,
    day TEXT NOT NULL
);

CREATE TABLE retention_reports (
    id TEXT NOT NULL PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    partners BIGINT NOT NULL,
    documents BIGINT NOT NULL,
    payments BIGINT NOT NULL,
    mails BIGINT NOT NULL,
    consents BIGINT NOT NULL
);
CREATE INDEX retention_reports_at ON retention_reports (at);

-- Payments whose personal data is gone: all of it, or only how the payer is reached.
CREATE TABLE erased_payments (
    payment_id BIGINT NOT NULL PRIMARY KEY REFERENCES payments (id),
    at TIMESTAMP NOT NULL,
    scope TEXT NOT NULL,
    because TEXT NOT NULL
);
CREATE INDEX payments_ended ON payments (ended_at, id) WHERE ended_at IS NOT NULL;

-- What payers ask for about their own data (GDPR art. 15 and 17): looked for page by page, by a worker.
CREATE TABLE payer_requests (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    email_sealed BYTEA,
    state TEXT NOT NULL,
    after_payment BIGINT NOT NULL,
    scanned BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due_at TIMESTAMP,
    requested_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX payer_requests_due ON payer_requests (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payer_requests_created ON payer_requests (created_at);

CREATE TABLE payer_request_payments (
    request_id TEXT NOT NULL REFERENCES payer_requests (id),
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    outcome TEXT,
    keep_until TIMESTAMP,
    PRIMARY KEY (request_id, payment_id)
);
