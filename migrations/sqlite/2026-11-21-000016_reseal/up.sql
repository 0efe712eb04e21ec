-- How far sealed values are sealed again with the newest key.
CREATE TABLE reseal_passes (
    name TEXT NOT NULL PRIMARY KEY,
    key_id BIGINT NOT NULL,
    unit INTEGER NOT NULL,
    after_one TEXT,
    after_two BIGINT NOT NULL,
    rows_seen BIGINT NOT NULL,
    rows_all BIGINT NOT NULL,
    values_resealed BIGINT NOT NULL,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    due_at TIMESTAMP,
    version BIGINT NOT NULL
);
INSERT INTO reseal_passes (name, key_id, unit, after_one, after_two, rows_seen, rows_all, values_resealed, version)
VALUES ('columns', 0, 0, NULL, 0, 0, 0, 0, 0);
