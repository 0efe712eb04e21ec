DROP TABLE bank_closures;
DROP TABLE bank_errors;
DROP TABLE bank_contacts;
DROP TABLE bank_calls;
ALTER TABLE payment_events DROP COLUMN request_id;
