-- The request id (X-Request-ID) of the bank call that a line of a payment's history came from.
ALTER TABLE payment_events ADD COLUMN request_id TEXT;

-- What came of the calls to banks in a period of width_s seconds: how many went how, and how many took how long.
CREATE TABLE bank_calls (
    width_s INTEGER NOT NULL,
    period TIMESTAMP NOT NULL,
    bank_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    done BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    too_many BIGINT NOT NULL,
    server_error BIGINT NOT NULL,
    timed_out BIGINT NOT NULL,
    unreachable BIGINT NOT NULL,
    malformed BIGINT NOT NULL,
    total_us BIGINT NOT NULL,
    took_0 BIGINT NOT NULL,
    took_1 BIGINT NOT NULL,
    took_2 BIGINT NOT NULL,
    took_3 BIGINT NOT NULL,
    took_4 BIGINT NOT NULL,
    took_5 BIGINT NOT NULL,
    took_6 BIGINT NOT NULL,
    took_7 BIGINT NOT NULL,
    took_8 BIGINT NOT NULL,
    took_9 BIGINT NOT NULL,
    took_10 BIGINT NOT NULL,
    PRIMARY KEY (width_s, period, bank_code, kind)
);

-- When a bank answered last, and how many calls have failed since.
CREATE TABLE bank_contacts (
    bank_code TEXT NOT NULL PRIMARY KEY,
    answered_at TIMESTAMP,
    done_at TIMESTAMP,
    failed_at TIMESTAMP,
    failed_in_row BIGINT NOT NULL
);

-- The latest calls that a bank refused or that failed. No personal data.
CREATE TABLE bank_errors (
    id TEXT NOT NULL PRIMARY KEY,
    bank_code TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    http_status INTEGER,
    code TEXT,
    request_id TEXT NOT NULL,
    payment_id BIGINT
);
CREATE INDEX bank_errors_of_bank ON bank_errors (bank_code, at);

-- Times at which a bank takes no new payments because the operator said so.
CREATE TABLE bank_closures (
    id TEXT NOT NULL PRIMARY KEY,
    bank_code TEXT NOT NULL,
    from_at TIMESTAMP NOT NULL,
    until_at TIMESTAMP,
    message_ro TEXT NOT NULL,
    message_en TEXT NOT NULL,
    reason TEXT NOT NULL,
    admin_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX bank_closures_of_bank ON bank_closures (bank_code, from_at);
