DROP TABLE payer_request_consents;
DROP INDEX consents_newest;
DROP INDEX consents_psu;
ALTER TABLE consents DROP COLUMN psu_key;
ALTER TABLE retention_reports DROP COLUMN applications;
DROP TABLE applications;
DROP INDEX partners_platform;
ALTER TABLE partners DROP COLUMN platform_partner_id;
ALTER TABLE partners DROP COLUMN may_onboard;
