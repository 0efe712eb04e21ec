DELETE FROM report_days WHERE partner_id = '*' OR bank_code = '*';
DROP INDEX report_days_bank;
DROP INDEX report_days_partner;
DROP INDEX payments_bank;
CREATE INDEX payments_bank ON payments (bank_code, created_at, id);
DROP INDEX payments_partner;
CREATE INDEX payments_partner ON payments (partner_id, created_at);
