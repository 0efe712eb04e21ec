ALTER TABLE partners DROP COLUMN signed_requests;
ALTER TABLE partners DROP COLUMN signature_keys;
DROP TABLE payment_keys;
DROP TABLE signing_keys;
