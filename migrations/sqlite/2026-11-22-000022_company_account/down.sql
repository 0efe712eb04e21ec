DROP INDEX admins_company_account;
ALTER TABLE admins DROP COLUMN company_account;
