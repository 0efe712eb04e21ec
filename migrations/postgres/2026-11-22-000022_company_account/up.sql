-- The account at the company's provider that is a user's: a hash of issuer and subject, kept at the first sign-in.
ALTER TABLE admins ADD COLUMN company_account TEXT;
CREATE UNIQUE INDEX admins_company_account ON admins (company_account) WHERE company_account IS NOT NULL;
