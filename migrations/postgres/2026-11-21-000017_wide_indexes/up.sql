-- What lists and searches look at beside a partner, a bank or a state is in the index itself.
DROP INDEX payments_partner;
CREATE INDEX payments_partner ON payments (partner_id, created_at, id, status, bank_code, amount_minor);
DROP INDEX payments_bank;
CREATE INDEX payments_bank ON payments (bank_code, created_at, id, status, amount_minor);

-- Sums over all partners or banks (written '*') lie beside the figures; all days are counted again for them.
CREATE INDEX report_days_partner ON report_days (partner_id, day);
CREATE INDEX report_days_bank ON report_days (bank_code, day);
UPDATE report_passes SET counted_until = NULL, due_at = NULL WHERE name = 'days';
