-- How a partner shows itself: a logo for dark screens, the words on the button. How long a payer may extend the time.
ALTER TABLE partners ADD COLUMN dark_logo BYTEA;
ALTER TABLE partners ADD COLUMN dark_logo_type TEXT;
ALTER TABLE partners ADD COLUMN button_text TEXT NOT NULL DEFAULT 'pay_amount';

ALTER TABLE payments ADD COLUMN extendable_until TIMESTAMP;
