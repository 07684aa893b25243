-- +goose Up
-- The beginning of a username is found by the index of users_username_key, which compares bytes.
CREATE INDEX user_roles_role_idx ON user_roles (role, user_id);

ALTER TABLE sessions ADD COLUMN roles text NOT NULL DEFAULT 'user'; -- of the user, separated by commas
ALTER TABLE sessions ADD COLUMN replaced_hash blob;
ALTER TABLE sessions ADD COLUMN refreshed_at integer;
UPDATE sessions SET roles = held.roles || ',user'
FROM (SELECT user_id, string_agg(role, ',' ORDER BY role) AS roles FROM user_roles GROUP BY user_id) AS held
WHERE held.user_id = sessions.user_id;

CREATE TABLE audit_log (
    id         blob    NOT NULL PRIMARY KEY,
    at         integer NOT NULL,
    actor      blob, -- null: the operator at the command line
    action     text    NOT NULL,
    target     blob,
    detail     text    NOT NULL,
    ip         text    NOT NULL,
    request_id text    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_at_idx ON audit_log (at);
CREATE INDEX audit_log_actor_idx ON audit_log (actor, id);
CREATE INDEX audit_log_target_idx ON audit_log (target, id);
CREATE INDEX audit_log_action_idx ON audit_log (action, id);

-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is only appended to');
END;
-- +goose StatementEnd

CREATE TABLE signing_keys (
    id         blob    NOT NULL PRIMARY KEY,
    kid        text    NOT NULL,
    pem_sealed blob    NOT NULL,
    created_at integer NOT NULL,
    retires_at integer,
    CONSTRAINT signing_keys_kid_key UNIQUE (kid)
) STRICT, WITHOUT ROWID;

-- Keys are digests.
CREATE TABLE rate_limits (
    key         blob    NOT NULL PRIMARY KEY,
    spent_until integer NOT NULL, -- when all of the allowance is there again
    wait        integer NOT NULL  -- what the last caller was told, in microseconds
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    key      blob    NOT NULL PRIMARY KEY,
    tries    integer NOT NULL,
    tried_at integer NOT NULL,
    wait     integer NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE attempts;
DROP TABLE rate_limits;
DROP TABLE signing_keys;
DROP TABLE audit_log;
ALTER TABLE sessions DROP COLUMN refreshed_at;
ALTER TABLE sessions DROP COLUMN replaced_hash;
ALTER TABLE sessions DROP COLUMN roles;
DROP INDEX user_roles_role_idx;
