-- +goose Up
-- The version of the user that the session was opened on. The release before keeps none, and its sessions end with any others.
ALTER TABLE sessions ADD COLUMN user_version integer NOT NULL DEFAULT 0;

CREATE TABLE session_fences (
    user_id       blob    NOT NULL PRIMARY KEY,
    version       integer NOT NULL, -- no session is opened on a lower one
    roles_version integer NOT NULL, -- of the roles set last; 0: none were
    at            integer NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_fences_at_idx ON session_fences (at);

-- +goose Down
DROP TABLE session_fences;
ALTER TABLE sessions DROP COLUMN user_version;
