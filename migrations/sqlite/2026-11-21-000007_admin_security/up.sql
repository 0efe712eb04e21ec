-- Roles, second factor, password rules and sessions of the operator's own users.
ALTER TABLE admins ADD COLUMN role TEXT NOT NULL DEFAULT 'administrator';
ALTER TABLE admins ADD COLUMN language TEXT;
ALTER TABLE admins ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE admins ADD COLUMN totp_sealed BLOB;
ALTER TABLE admins ADD COLUMN totp_pending_sealed BLOB;
ALTER TABLE admins ADD COLUMN totp_last_step BIGINT;

-- The passwords a user had before.
CREATE TABLE admin_passwords (
    id TEXT NOT NULL PRIMARY KEY,
    admin_id TEXT NOT NULL REFERENCES admins (id),
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX admin_passwords_admin ON admin_passwords (admin_id, created_at);

CREATE TABLE admin_recovery_codes (
    code_hash TEXT NOT NULL PRIMARY KEY,
    admin_id TEXT NOT NULL REFERENCES admins (id),
    created_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX admin_recovery_codes_admin ON admin_recovery_codes (admin_id);

-- The name a session has in lists, and the moment after which it cannot be extended.
ALTER TABLE admin_sessions ADD COLUMN session_id TEXT;
ALTER TABLE admin_sessions ADD COLUMN ends_at TIMESTAMP;
CREATE INDEX admin_sessions_admin ON admin_sessions (admin_id);
