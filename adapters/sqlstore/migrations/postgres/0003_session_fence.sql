-- +goose Up
-- The version of the user that the session was opened on. The release before keeps none, and its sessions end with any others.
ALTER TABLE sessions ADD COLUMN user_version bigint NOT NULL DEFAULT 0;

CREATE TABLE session_fences (
    user_id       uuid        NOT NULL PRIMARY KEY,
    version       bigint      NOT NULL, -- no session is opened on a lower one
    roles_version bigint      NOT NULL, -- of the roles set last; 0: none were
    at            timestamptz NOT NULL
);
CREATE INDEX session_fences_at_idx ON session_fences (at);

-- +goose Down
DROP TABLE session_fences;
ALTER TABLE sessions DROP COLUMN user_version;
