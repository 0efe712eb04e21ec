-- What a Serbian payment order has beside the rest, and why a bank refused a single instruction.
ALTER TABLE payment_instructions ADD COLUMN giro_sealed BYTEA;
ALTER TABLE payment_instructions ADD COLUMN bank_text_sealed BYTEA;
