ALTER TABLE payments DROP COLUMN doubted;
ALTER TABLE payments DROP COLUMN hand_over_until;
ALTER TABLE payments DROP COLUMN hand_over_hash;
ALTER TABLE payments DROP COLUMN code_tries;
ALTER TABLE payments DROP COLUMN schedule;
