DROP TABLE proposals;
DROP TABLE partner_counts;
DROP TABLE partner_certificates;
ALTER TABLE partners DROP COLUMN figures;
ALTER TABLE partners DROP COLUMN onboarding_complete;
