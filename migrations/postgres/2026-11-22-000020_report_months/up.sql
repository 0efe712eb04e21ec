-- Sums over months lie beside those over days ('m2026-03' in the place of a day). Everything is counted again for
-- them, by a pass of its own: a node of the release before may go on with the old one meanwhile.
CREATE INDEX report_days_sum ON report_days (partner_id, day, bank_code);
DROP INDEX report_days_partner;
INSERT INTO report_passes (name, counted_until, due_at, version) VALUES ('figures', NULL, NULL, 0);
