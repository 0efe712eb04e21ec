DROP TABLE consent_reads;
DROP TABLE consent_tokens;
DROP TABLE consents;
ALTER TABLE partners DROP COLUMN account_access;
