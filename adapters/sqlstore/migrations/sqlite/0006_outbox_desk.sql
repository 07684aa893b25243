-- +goose Up
-- Events to be sent again on request. Rows of published events are found by their id, or by their user.
CREATE TABLE outbox_replays (
    id           blob    NOT NULL PRIMARY KEY,
    requested_at integer NOT NULL,
    from_id      integer NOT NULL, -- 0: not set
    to_id        integer NOT NULL,
    type         text    NOT NULL,
    aggregate_id blob, -- null again once the user is forgotten
    since        integer,
    until        integer,
    destination  text    NOT NULL,
    next_id      integer NOT NULL,
    last_id      integer NOT NULL,
    sent         integer NOT NULL DEFAULT 0,
    finished_at  integer,
    failure      text    NOT NULL DEFAULT '',
    failures     integer NOT NULL DEFAULT 0, -- in a row, of sending its events
    not_before   integer                     -- after a failure it is left alone so long
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_replays_requested_at_idx ON outbox_replays (requested_at, id);
CREATE INDEX outbox_replays_at_work_idx ON outbox_replays (requested_at, id) WHERE finished_at IS NULL;
CREATE INDEX outbox_replays_aggregate_id_idx ON outbox_replays (aggregate_id) WHERE aggregate_id IS NOT NULL;

-- Dead letters, as they are counted and listed, and as they go with their events.
CREATE INDEX outbox_dead_undecided_idx ON outbox_dead (id) WHERE resolved_by IS NULL;
CREATE INDEX outbox_dead_decided_idx ON outbox_dead (id) WHERE resolved_by IS NOT NULL;

-- +goose Down
DROP INDEX outbox_dead_decided_idx;
DROP INDEX outbox_dead_undecided_idx;
DROP TABLE outbox_replays;
