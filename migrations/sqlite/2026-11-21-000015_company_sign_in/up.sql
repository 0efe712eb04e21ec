-- Until when a password opens the back office although everybody else signs in through the company's provider.
ALTER TABLE admins ADD COLUMN password_until TIMESTAMP;
