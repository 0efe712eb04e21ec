ALTER TABLE payment_instructions DROP COLUMN bank_text_sealed;
ALTER TABLE payment_instructions DROP COLUMN giro_sealed;
