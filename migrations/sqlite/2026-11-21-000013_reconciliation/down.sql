ALTER TABLE report_days DROP COLUMN unreadable;
ALTER TABLE report_days DROP COLUMN unfinished;
ALTER TABLE report_days DROP COLUMN largest_minor;
ALTER TABLE report_days DROP COLUMN ordered_minor;
DROP TABLE report_readers;
DROP INDEX payment_instructions_end_to_end;
DROP TABLE reconciliation_lines;
DROP TABLE reconciliation_parts;
DROP TABLE reconciliations;
