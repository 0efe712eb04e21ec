DROP INDEX audit_seq;
ALTER TABLE audit DROP COLUMN row_hash;
ALTER TABLE audit DROP COLUMN previous_hash;
ALTER TABLE audit DROP COLUMN seq;
