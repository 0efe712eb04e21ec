-- Figures of a day (where the payers are), per partner, bank and currency, kept so that a report reads no payments.
CREATE TABLE report_days (
    day TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    bank_code TEXT NOT NULL,
    currency TEXT NOT NULL,
    payments BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    partly_settled BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    in_doubt BIGINT NOT NULL,
    left_unopened BIGINT NOT NULL,
    left_on_page BIGINT NOT NULL,
    left_at_bank BIGINT NOT NULL,
    without_order BIGINT NOT NULL,
    settled_minor BIGINT NOT NULL,
    settle_times TEXT NOT NULL,
    PRIMARY KEY (day, partner_id, bank_code, currency)
);

-- Up to which moment changes were counted; whoever counts holds the row until due_at.
CREATE TABLE report_passes (
    name TEXT NOT NULL PRIMARY KEY,
    counted_until TIMESTAMP,
    due_at TIMESTAMP,
    version BIGINT NOT NULL
);
INSERT INTO report_passes (name, counted_until, due_at, version) VALUES ('days', NULL, NULL, 0);

CREATE INDEX payments_updated ON payments (updated_at);

-- What the mail page lists: what was sent, and what never will be.
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_given_up ON outbox (created_at) WHERE due_at IS NULL AND sent_at IS NULL;
