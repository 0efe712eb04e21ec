-- A partner's certificates beside the first one, declared figures, what was counted against them, and
-- changes that one admin proposes and another decides.
ALTER TABLE partners ADD COLUMN onboarding_complete BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE partners ADD COLUMN figures TEXT;

CREATE TABLE partner_certificates (
    sha256 TEXT NOT NULL,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    key_kind TEXT NOT NULL,
    not_before TIMESTAMP NOT NULL,
    not_after TIMESTAMP NOT NULL,
    added_at TIMESTAMP NOT NULL,
    removed_at TIMESTAMP,
    PRIMARY KEY (partner_id, sha256)
);
CREATE UNIQUE INDEX partner_certificates_live ON partner_certificates (sha256) WHERE removed_at IS NULL;
CREATE INDEX partner_certificates_end ON partner_certificates (not_after) WHERE removed_at IS NULL;

-- One row a partner, day and client (a keyed hash; empty: all of them) and stage (started, sent); the day is
-- empty for what is counted over all days.
CREATE TABLE partner_counts (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    day TEXT NOT NULL,
    stage TEXT NOT NULL,
    client TEXT NOT NULL,
    payments BIGINT NOT NULL,
    sum_minor BIGINT NOT NULL,
    PRIMARY KEY (partner_id, day, stage, client)
);

CREATE TABLE proposals (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    change TEXT NOT NULL,
    before TEXT NOT NULL,
    state TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP,
    reason TEXT
);
CREATE INDEX proposals_state ON proposals (state, proposed_at);
CREATE INDEX proposals_subject ON proposals (subject, proposed_at);
