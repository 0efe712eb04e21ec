-- What platforms send of their sub-merchants (clientActivation), sealed, and how each application was decided.
ALTER TABLE partners ADD COLUMN may_onboard BOOLEAN NOT NULL DEFAULT FALSE;
-- The partner through which it came; no foreign key, so that the column can be taken back on SQLite.
ALTER TABLE partners ADD COLUMN platform_partner_id TEXT;
CREATE INDEX partners_platform ON partners (platform_partner_id) WHERE platform_partner_id IS NOT NULL;

CREATE TABLE applications (
    id TEXT NOT NULL PRIMARY KEY,
    platform_id TEXT NOT NULL REFERENCES partners (id),
    external_client_id TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    content_sealed BYTEA,
    note_sealed BYTEA,
    partner_id TEXT REFERENCES partners (id),
    version BIGINT NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP,
    keep_until TIMESTAMP,
    erased_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX applications_external ON applications (platform_id, external_client_id);
CREATE INDEX applications_state ON applications (state, id);
CREATE INDEX applications_partner ON applications (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX applications_keep ON applications (keep_until) WHERE keep_until IS NOT NULL;
ALTER TABLE retention_reports ADD COLUMN applications BIGINT NOT NULL DEFAULT 0;

-- Whether a file is complete stands in the file alone: this release neither reads nor writes onboarding_complete. It
-- stays for the release before, which must not take a partner without a file for a complete one; a later one drops it.
UPDATE partners SET onboarding_complete = FALSE
WHERE id NOT IN (SELECT partner_id FROM onboarding_files WHERE complete);

-- By which a payer's consents are found: a keyed hash of the partner and the payer's id there; null where there is
-- none, and in rows from before until they next change.
ALTER TABLE consents ADD COLUMN psu_key BIGINT;
CREATE INDEX consents_psu ON consents (psu_key) WHERE psu_key IS NOT NULL;
CREATE INDEX consents_newest ON consents (created_at, id);

CREATE TABLE payer_request_consents (
    request_id TEXT NOT NULL REFERENCES payer_requests (id),
    consent_id BIGINT NOT NULL REFERENCES consents (id),
    outcome TEXT,
    PRIMARY KEY (request_id, consent_id)
);
