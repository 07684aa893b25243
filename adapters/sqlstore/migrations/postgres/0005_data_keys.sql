-- +goose Up
-- The keys of encrypted fields and of their indexes, wrapped by a master key. The newest version counts.
CREATE TABLE IF NOT EXISTS data_keys (
    version    bigint      NOT NULL PRIMARY KEY,
    master     text        NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL
);

-- Who re-encrypts in the background.
CREATE TABLE data_key_work (
    one    smallint    NOT NULL PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    holder uuid        NOT NULL,
    until  timestamptz NOT NULL
);

-- A second index of each field, for the time in which the key of the first is replaced. Otherwise they are null, and the
-- indexes empty, which costs nothing.
ALTER TABLE users ADD COLUMN email_index_next bytea, ADD COLUMN phone_index_next bytea;
ALTER TABLE identities ADD COLUMN openid_index_next bytea, ADD COLUMN unionid_index_next bytea;
CREATE UNIQUE INDEX users_email_next_key ON users (email_index_next) WHERE email_index_next IS NOT NULL;
CREATE UNIQUE INDEX users_phone_next_key ON users (phone_index_next) WHERE phone_index_next IS NOT NULL;
CREATE UNIQUE INDEX identities_openid_next_key ON identities (provider, app_id, openid_index_next)
WHERE openid_index_next IS NOT NULL;
CREATE INDEX identities_unionid_next_idx ON identities (unionid_index_next) WHERE unionid_index_next IS NOT NULL;

-- +goose Down
DROP INDEX identities_unionid_next_idx;
DROP INDEX identities_openid_next_key;
DROP INDEX users_phone_next_key;
DROP INDEX users_email_next_key;
ALTER TABLE identities DROP COLUMN unionid_index_next, DROP COLUMN openid_index_next;
ALTER TABLE users DROP COLUMN phone_index_next, DROP COLUMN email_index_next;
DROP TABLE data_key_work;
-- data_keys stays: without it nothing that is encrypted could be read again.
