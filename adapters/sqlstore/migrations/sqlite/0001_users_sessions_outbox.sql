-- +goose Up
-- What the database itself has to remember.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- UUIDs are 16 bytes, instants are microseconds since 1970.
CREATE TABLE users (
    id              blob    NOT NULL PRIMARY KEY,
    username        text,
    username_folded text, -- compared instead of the username: case folded by the program, the same on every database
    password_hash   text,
    email_sealed    blob,
    email_index     blob,
    phone_sealed    blob,
    phone_index     blob,
    nickname        text    NOT NULL,
    avatar_url      text    NOT NULL,
    status          integer NOT NULL,
    plain           integer NOT NULL DEFAULT false, -- one identity, and no role but the one that everybody has
    version         integer NOT NULL,
    created_at      integer NOT NULL,
    updated_at      integer NOT NULL,
    CONSTRAINT users_username_key UNIQUE (username_folded),
    CONSTRAINT users_email_key UNIQUE (email_index),
    CONSTRAINT users_phone_key UNIQUE (phone_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE identities (
    user_id        blob    NOT NULL REFERENCES users (id),
    id             blob    NOT NULL,
    provider       text    NOT NULL,
    app_id         text    NOT NULL,
    openid_sealed  blob    NOT NULL,
    openid_index   blob    NOT NULL,
    unionid_sealed blob,
    unionid_index  blob,
    linked_at      integer NOT NULL,
    PRIMARY KEY (user_id, id),
    CONSTRAINT identities_openid_key UNIQUE (provider, app_id, openid_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_unionid_idx ON identities (unionid_index) WHERE unionid_index IS NOT NULL;

-- Roles beyond "user", which everybody has.
CREATE TABLE user_roles (
    user_id blob NOT NULL REFERENCES users (id),
    role    text NOT NULL,
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    user_id            blob    NOT NULL,
    id                 blob    NOT NULL,
    app_id             text    NOT NULL,
    device_id          text    NOT NULL,
    device_model       text    NOT NULL,
    device_platform    text    NOT NULL,
    device_system      text    NOT NULL,
    ip                 text    NOT NULL,
    session_key_sealed blob,
    refresh_hash       blob    NOT NULL,
    created_at         integer NOT NULL,
    last_seen_at       integer NOT NULL,
    idle_until         integer NOT NULL,
    refresh_until      integer NOT NULL,
    expires_at         integer NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_refresh_until_idx ON sessions (refresh_until);

CREATE TABLE outbox_events (
    id                integer PRIMARY KEY AUTOINCREMENT,
    event_id          blob    NOT NULL,
    type              text    NOT NULL,
    schema_version    integer NOT NULL,
    aggregate_id      blob    NOT NULL,
    aggregate_version integer NOT NULL,
    shard             integer NOT NULL,
    subject           text    NOT NULL,
    occurred_at       integer NOT NULL,
    data              text    NOT NULL,
    headers           text    NOT NULL,
    CONSTRAINT outbox_events_event_id_key UNIQUE (event_id),
    CONSTRAINT outbox_events_version_key UNIQUE (aggregate_id, aggregate_version)
) STRICT;

CREATE TABLE outbox_pending (
    shard integer NOT NULL,
    id    integer NOT NULL,
    PRIMARY KEY (shard, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox_shards (
    shard           integer NOT NULL PRIMARY KEY,
    paused          integer NOT NULL DEFAULT 0,
    backoff_until   integer,
    last_id         integer NOT NULL DEFAULT 0,
    last_stream_seq integer NOT NULL DEFAULT 0,
    stream          text    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE outbox_dead (
    id              integer NOT NULL PRIMARY KEY, -- of the event
    reason          text    NOT NULL,
    attempts        integer NOT NULL,
    first_failed_at integer NOT NULL,
    last_failed_at  integer NOT NULL,
    resolved_by     text
) STRICT;

-- Users whose events from dead_id on wait for a decision.
CREATE TABLE outbox_held (
    aggregate_id blob    NOT NULL PRIMARY KEY,
    dead_id      integer NOT NULL,
    held_since   integer NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE outbox_held;
DROP TABLE outbox_dead;
DROP TABLE outbox_shards;
DROP TABLE outbox_pending;
DROP TABLE outbox_events;
DROP TABLE sessions;
DROP TABLE user_roles;
DROP TABLE identities;
DROP TABLE users;
DROP TABLE meta;
