-- Where partners want to be told that something happened to a payment, and what was sent there.
CREATE TABLE webhook_endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    description TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    removed_at TIMESTAMP,
    failing_since TIMESTAMP,
    off_at TIMESTAMP,
    off_because TEXT
);
CREATE INDEX webhook_endpoints_partner ON webhook_endpoints (partner_id);

-- One row an event and endpoint: due_at says when it is sent next (null: delivered, given up or erased), lease_until
-- that somebody sends it right now. Events of one payment go to an endpoint in the order of position.
CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
    payment_id BIGINT REFERENCES payments (id),
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    payload_sealed BYTEA,
    attempts INTEGER NOT NULL,
    due_at TIMESTAMP,
    lease_until TIMESTAMP,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    tried_at TIMESTAMP,
    delivered_at TIMESTAMP,
    status_code INTEGER,
    last_error TEXT,
    answer_sealed BYTEA
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_payment ON webhook_deliveries (payment_id, endpoint_id, position);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, created_at);
