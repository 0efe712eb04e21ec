ALTER TABLE admins DROP COLUMN password_until;
