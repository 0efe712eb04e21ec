DROP TABLE bank_credentials;
DROP TABLE bank_access;
