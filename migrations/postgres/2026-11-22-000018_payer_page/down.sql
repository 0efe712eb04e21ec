ALTER TABLE payments DROP COLUMN extendable_until;

ALTER TABLE partners DROP COLUMN button_text;
ALTER TABLE partners DROP COLUMN dark_logo_type;
ALTER TABLE partners DROP COLUMN dark_logo;
