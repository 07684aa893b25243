-- +goose Up
-- What the database itself has to remember.
CREATE TABLE meta (
    name  text NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE users (
    id              uuid        PRIMARY KEY,
    username        text,
    username_folded text, -- compared instead of the username: case folded by the program, the same on every database
    password_hash   text,
    email_sealed    bytea,
    email_index     bytea,
    phone_sealed    bytea,
    phone_index     bytea,
    nickname        text        NOT NULL,
    avatar_url      text        NOT NULL,
    status          smallint    NOT NULL,
    plain           boolean     NOT NULL DEFAULT false, -- one identity, and no role but the one that everybody has
    version         bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT users_username_key UNIQUE (username_folded),
    CONSTRAINT users_email_key UNIQUE (email_index),
    CONSTRAINT users_phone_key UNIQUE (phone_index)
);

CREATE TABLE identities (
    user_id        uuid        NOT NULL REFERENCES users (id),
    id             uuid        NOT NULL,
    provider       text        NOT NULL,
    app_id         text        NOT NULL,
    openid_sealed  bytea       NOT NULL,
    openid_index   bytea       NOT NULL,
    unionid_sealed bytea,
    unionid_index  bytea,
    linked_at      timestamptz NOT NULL,
    PRIMARY KEY (user_id, id),
    CONSTRAINT identities_openid_key UNIQUE (provider, app_id, openid_index)
);
CREATE INDEX identities_unionid_idx ON identities (unionid_index) WHERE unionid_index IS NOT NULL;

-- Roles beyond "user", which everybody has.
CREATE TABLE user_roles (
    user_id uuid NOT NULL REFERENCES users (id),
    role    text NOT NULL,
    PRIMARY KEY (user_id, role)
);

-- Touching a session changes no indexed column, so that the row is updated in place.
CREATE TABLE sessions (
    user_id            uuid        NOT NULL,
    id                 uuid        NOT NULL,
    app_id             text        NOT NULL,
    device_id          text        NOT NULL,
    device_model       text        NOT NULL,
    device_platform    text        NOT NULL,
    device_system      text        NOT NULL,
    ip                 text        NOT NULL,
    session_key_sealed bytea,
    refresh_hash       bytea       NOT NULL,
    created_at         timestamptz NOT NULL,
    last_seen_at       timestamptz NOT NULL,
    idle_until         timestamptz NOT NULL,
    refresh_until      timestamptz NOT NULL,
    expires_at         timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX sessions_refresh_until_idx ON sessions (refresh_until);

CREATE TABLE outbox_events (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id          uuid        NOT NULL,
    type              text        NOT NULL,
    schema_version    integer     NOT NULL,
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL,
    shard             smallint    NOT NULL,
    subject           text        NOT NULL,
    occurred_at       timestamptz NOT NULL,
    data              text        NOT NULL,
    headers           text        NOT NULL,
    CONSTRAINT outbox_events_event_id_key UNIQUE (event_id),
    CONSTRAINT outbox_events_version_key UNIQUE (aggregate_id, aggregate_version)
);

-- Rows live for milliseconds: vacuum goes by their number alone, and does not pause.
CREATE TABLE outbox_pending (
    shard smallint NOT NULL,
    id    bigint   NOT NULL,
    PRIMARY KEY (shard, id)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
);

CREATE TABLE outbox_shards (
    shard           smallint NOT NULL PRIMARY KEY,
    paused          boolean  NOT NULL DEFAULT false,
    backoff_until   timestamptz,
    last_id         bigint   NOT NULL DEFAULT 0,
    last_stream_seq bigint   NOT NULL DEFAULT 0,
    stream          text     NOT NULL DEFAULT ''
) WITH (
    fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE outbox_dead (
    id              bigint      NOT NULL PRIMARY KEY, -- of the event
    reason          text        NOT NULL,
    attempts        integer     NOT NULL,
    first_failed_at timestamptz NOT NULL,
    last_failed_at  timestamptz NOT NULL,
    resolved_by     text
);

-- Users whose events from dead_id on wait for a decision.
CREATE TABLE outbox_held (
    aggregate_id uuid        NOT NULL PRIMARY KEY,
    dead_id      bigint      NOT NULL,
    held_since   timestamptz NOT NULL
);

-- +goose Down
DROP TABLE outbox_held, outbox_dead, outbox_shards, outbox_pending, outbox_events, sessions, user_roles, identities, users, meta;
