DROP INDEX outbox_given_up;
DROP INDEX outbox_sent;
DROP INDEX payments_updated;
DROP TABLE report_passes;
DROP TABLE report_days;
