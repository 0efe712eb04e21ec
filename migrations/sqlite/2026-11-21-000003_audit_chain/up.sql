-- Each row is chained to the one before it; rows from before the chain are covered by its first row.
ALTER TABLE audit ADD COLUMN seq BIGINT;
ALTER TABLE audit ADD COLUMN previous_hash TEXT;
ALTER TABLE audit ADD COLUMN row_hash TEXT;
CREATE UNIQUE INDEX audit_seq ON audit (seq);
