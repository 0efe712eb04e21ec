-- Standing orders, tries of a one-time code, doubt, and the hand-over of a link to another browser.
ALTER TABLE payments ADD COLUMN schedule TEXT;
ALTER TABLE payments ADD COLUMN code_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN hand_over_hash TEXT;
ALTER TABLE payments ADD COLUMN hand_over_until TIMESTAMP;
ALTER TABLE payments ADD COLUMN doubted BOOLEAN NOT NULL DEFAULT FALSE;
