-- +goose Up
-- Events to be sent again on request. Rows of published events are found by their id, or by their user.
CREATE TABLE outbox_replays (
    id           uuid        NOT NULL PRIMARY KEY,
    requested_at timestamptz NOT NULL,
    from_id      bigint      NOT NULL, -- 0: not set
    to_id        bigint      NOT NULL,
    type         text        NOT NULL,
    aggregate_id uuid, -- null again once the user is forgotten
    since        timestamptz,
    until        timestamptz,
    destination  text        NOT NULL,
    next_id      bigint      NOT NULL,
    last_id      bigint      NOT NULL,
    sent         bigint      NOT NULL DEFAULT 0,
    finished_at  timestamptz,
    failure      text        NOT NULL DEFAULT '',
    failures     integer     NOT NULL DEFAULT 0, -- in a row, of sending its events
    not_before   timestamptz                     -- after a failure it is left alone so long
) WITH (fillfactor = 50);
CREATE INDEX outbox_replays_requested_at_idx ON outbox_replays (requested_at, id);
CREATE INDEX outbox_replays_at_work_idx ON outbox_replays (requested_at, id) WHERE finished_at IS NULL;
CREATE INDEX outbox_replays_aggregate_id_idx ON outbox_replays (aggregate_id) WHERE aggregate_id IS NOT NULL;

-- Dead letters, as they are counted and listed, and as they go with their events.
CREATE INDEX outbox_dead_undecided_idx ON outbox_dead (id) WHERE resolved_by IS NULL;
CREATE INDEX outbox_dead_decided_idx ON outbox_dead (id) WHERE resolved_by IS NOT NULL;

-- How far each shard is, a row for each batch in place of the one before. A row that is changed with every batch leaves its
-- old versions in the way where a long snapshot keeps them from being cleaned up; here the newest is found first, whatever
-- lies below it. base_id and base_seq are what outbox_shards said when the row was written: it counts as long as that still
-- says the same, so that whoever changes outbox_shards alone, as the release before does, is believed. What outbox_shards
-- says is brought up to date every few seconds.
CREATE TABLE outbox_progress (
    shard           smallint NOT NULL,
    turn            bigint   NOT NULL GENERATED ALWAYS AS IDENTITY, -- it never begins anew: the newest would lie low
    stream          text     NOT NULL,
    base_id         bigint   NOT NULL,
    base_seq        bigint   NOT NULL,
    last_id         bigint   NOT NULL,
    last_stream_seq bigint   NOT NULL,
    PRIMARY KEY (shard, turn)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
);

-- +goose Down
-- Nothing of it may be lost to the release before.
UPDATE outbox_shards s SET last_id = w.last_id, last_stream_seq = w.last_stream_seq
FROM (SELECT DISTINCT ON (shard) * FROM outbox_progress ORDER BY shard, turn DESC) w
WHERE w.shard = s.shard AND w.stream = s.stream AND w.base_id = s.last_id AND w.base_seq = s.last_stream_seq;
DROP TABLE outbox_progress;
DROP INDEX outbox_dead_decided_idx;
DROP INDEX outbox_dead_undecided_idx;
DROP TABLE outbox_replays;
