-- What the back office searches payments by. E-mail addresses and accounts only as keyed hashes; search_stamp is
-- a keyed hash over what is in payment_search_keys, null where it still has to be filled.
ALTER TABLE payments ADD COLUMN search_stamp BIGINT;
CREATE INDEX payments_newest ON payments (created_at, id);
CREATE INDEX payments_status ON payments (status, created_at, id);
CREATE INDEX payments_bank ON payments (bank_code, created_at, id);
CREATE INDEX payments_amount ON payments (amount_minor, created_at, id);
CREATE INDEX payments_external ON payments (external_payment_id, created_at, id) WHERE external_payment_id IS NOT NULL;
CREATE INDEX payments_unsearchable ON payments (id) WHERE search_stamp IS NULL;

CREATE TABLE payment_search_keys (
    key_hash BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    PRIMARY KEY (key_hash, created_us, payment_id)
);
CREATE INDEX payment_search_keys_payment ON payment_search_keys (payment_id);

-- Searches that a user keeps; personal data in them is sealed before it gets here.
CREATE TABLE saved_filters (
    id TEXT NOT NULL PRIMARY KEY,
    admin_id TEXT NOT NULL REFERENCES admins (id),
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX saved_filters_name ON saved_filters (admin_id, name);

-- Long exports: a job that a worker claims, and its file in sealed parts.
CREATE TABLE exports (
    id TEXT NOT NULL PRIMARY KEY,
    admin_id TEXT NOT NULL REFERENCES admins (id),
    query TEXT NOT NULL,
    language TEXT NOT NULL,
    state TEXT NOT NULL,
    rows_done BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX exports_due ON exports (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX exports_admin ON exports (admin_id, created_at);

CREATE TABLE export_parts (
    export_id TEXT NOT NULL REFERENCES exports (id),
    seq INTEGER NOT NULL,
    part_sealed BYTEA NOT NULL,
    PRIMARY KEY (export_id, seq)
);

-- The audit log's keyed checkpoints, and what it is searched by.
CREATE TABLE audit_checkpoints (
    number BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    row_hash TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    mac TEXT NOT NULL
);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_subject ON audit (subject, seq);
