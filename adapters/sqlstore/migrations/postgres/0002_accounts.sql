-- +goose Up
-- Only this step's release gives out usernames: what is found here is read, not sorted, and writes are held up for that long.
CREATE INDEX users_username_prefix_idx ON users (username_folded text_pattern_ops) WHERE username_folded IS NOT NULL;
CREATE INDEX user_roles_role_idx ON user_roles (role, user_id);

ALTER TABLE sessions
    ADD COLUMN roles         text NOT NULL DEFAULT 'user', -- of the user, separated by commas
    ADD COLUMN replaced_hash bytea,
    ADD COLUMN refreshed_at  timestamptz;
UPDATE sessions SET roles = held.roles || ',user'
FROM (SELECT user_id, string_agg(role, ',' ORDER BY role) AS roles FROM user_roles GROUP BY user_id) AS held
WHERE held.user_id = sessions.user_id;

CREATE TABLE audit_log (
    id         uuid        NOT NULL PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      uuid, -- null: the operator at the command line
    action     text        NOT NULL,
    target     uuid,
    detail     text        NOT NULL,
    ip         text        NOT NULL,
    request_id text        NOT NULL
);
CREATE INDEX audit_log_at_idx ON audit_log (at);
CREATE INDEX audit_log_actor_idx ON audit_log (actor, id);
CREATE INDEX audit_log_target_idx ON audit_log (target, id);
CREATE INDEX audit_log_action_idx ON audit_log (action, id);

-- +goose StatementBegin
CREATE FUNCTION audit_log_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only appended to';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_log_keeps BEFORE UPDATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_keeps();

CREATE TABLE signing_keys (
    id         uuid        NOT NULL PRIMARY KEY,
    kid        text        NOT NULL,
    pem_sealed bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    retires_at timestamptz,
    CONSTRAINT signing_keys_kid_key UNIQUE (kid)
);

-- What counts requests need not survive a crash, and is not worth waiting for the disk. Keys are digests, instants are
-- microseconds since 1970; no column that changes has an index, so that rows are updated in place.
CREATE UNLOGGED TABLE rate_limits (
    key         bytea  NOT NULL PRIMARY KEY,
    spent_until bigint NOT NULL, -- when all of the allowance is there again
    wait        bigint NOT NULL  -- what the last caller was told, in microseconds
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE UNLOGGED TABLE attempts (
    key      bytea   NOT NULL PRIMARY KEY,
    tries    integer NOT NULL,
    tried_at bigint  NOT NULL,
    wait     bigint  NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- +goose Down
DROP TABLE attempts, rate_limits, signing_keys, audit_log;
DROP FUNCTION audit_log_keeps;
ALTER TABLE sessions DROP COLUMN refreshed_at, DROP COLUMN replaced_hash, DROP COLUMN roles;
DROP INDEX user_roles_role_idx;
DROP INDEX users_username_prefix_idx;
