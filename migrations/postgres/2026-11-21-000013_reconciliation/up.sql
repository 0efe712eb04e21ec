-- Bank statements compared with payments: a job that a worker claims, its file in sealed parts until it was read, and
-- what came of each entry. What people are called and their accounts are sealed; sums of a whole statement are not.
CREATE TABLE reconciliations (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT REFERENCES partners (id),
    direction TEXT NOT NULL,
    format TEXT NOT NULL,
    file_name_sealed BYTEA,
    account_sealed BYTEA,
    file_hash TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    mapping TEXT,
    state TEXT NOT NULL,
    problem TEXT,
    rows_done BIGINT NOT NULL,
    totals TEXT,
    from_day TEXT,
    to_day TEXT,
    left_out BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due_at TIMESTAMP,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX reconciliations_due ON reconciliations (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX reconciliations_created ON reconciliations (created_at);
CREATE INDEX reconciliations_file ON reconciliations (file_hash);

CREATE TABLE reconciliation_parts (
    reconciliation_id TEXT NOT NULL REFERENCES reconciliations (id),
    seq INTEGER NOT NULL,
    part_sealed BYTEA NOT NULL,
    PRIMARY KEY (reconciliation_id, seq)
);

CREATE TABLE reconciliation_lines (
    reconciliation_id TEXT NOT NULL REFERENCES reconciliations (id),
    seq BIGINT NOT NULL,
    finding TEXT NOT NULL,
    payment_id BIGINT REFERENCES payments (id),
    instruction INTEGER,
    day TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    entry_sealed BYTEA,
    PRIMARY KEY (reconciliation_id, seq)
);
CREATE INDEX reconciliation_lines_finding ON reconciliation_lines (reconciliation_id, finding, seq);
CREATE INDEX reconciliation_lines_payment ON reconciliation_lines (payment_id) WHERE payment_id IS NOT NULL;

-- By what an entry of a statement names an instruction.
CREATE INDEX payment_instructions_end_to_end ON payment_instructions (end_to_end_id);

-- Who gets the daily report, and where.
CREATE TABLE report_readers (
    admin_id TEXT NOT NULL PRIMARY KEY REFERENCES admins (id),
    address_sealed BYTEA NOT NULL,
    since TIMESTAMP NOT NULL
);

-- What declared figures are compared with, and payments that cannot be read. The days are counted again from the
-- first one.
ALTER TABLE report_days ADD COLUMN ordered_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE report_days ADD COLUMN largest_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE report_days ADD COLUMN unfinished BIGINT NOT NULL DEFAULT 0;
ALTER TABLE report_days ADD COLUMN unreadable BIGINT NOT NULL DEFAULT 0;
UPDATE report_passes SET counted_until = NULL, due_at = NULL, version = version + 1 WHERE name = 'days';
