DELETE FROM report_passes WHERE name = 'figures';
DELETE FROM report_days WHERE day LIKE 'm%';
CREATE INDEX report_days_partner ON report_days (partner_id, day);
DROP INDEX report_days_sum;
UPDATE report_passes SET counted_until = NULL, due_at = NULL WHERE name = 'days';
