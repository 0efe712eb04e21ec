-- Tokens that are ours and not one payment's, shared by all nodes, and the logins of service accounts.
CREATE TABLE bank_access (
    id TEXT PRIMARY KEY NOT NULL,
    access_sealed BYTEA,
    refresh_sealed BYTEA,
    fresh_until TIMESTAMP,
    locked_until TIMESTAMP,
    lease_until TIMESTAMP,
    version BIGINT NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE bank_credentials (
    id TEXT PRIMARY KEY NOT NULL,
    bank_code TEXT NOT NULL,
    holder TEXT NOT NULL,
    name_sealed BYTEA NOT NULL,
    password_sealed BYTEA NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
