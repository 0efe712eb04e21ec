-- Our own keys, with which access tokens and answers are signed: one signs from signs_from until signs_until, and stays
-- among the public keys until shown_until (null: no end is known yet).
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL UNIQUE,
    public_jwk TEXT NOT NULL,
    private_sealed BLOB,
    created_at TIMESTAMP NOT NULL,
    signs_from TIMESTAMP NOT NULL,
    signs_until TIMESTAMP,
    shown_until TIMESTAMP
);

-- Payments that were made under a partner's Idempotency-Key, of which a hash is kept.
CREATE TABLE payment_keys (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    key_hash TEXT NOT NULL,
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    PRIMARY KEY (partner_id, key_hash)
);

-- The public keys (a list of JWK) with which a partner signs its requests, and whether it must.
ALTER TABLE partners ADD COLUMN signature_keys TEXT;
ALTER TABLE partners ADD COLUMN signed_requests BOOLEAN NOT NULL DEFAULT FALSE;
