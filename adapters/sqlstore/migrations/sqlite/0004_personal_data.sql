-- +goose Up
ALTER TABLE users ADD COLUMN delete_at integer; -- when the user is to be erased, as they asked
CREATE INDEX users_delete_at_idx ON users (delete_at) WHERE delete_at IS NOT NULL;

-- Whom an event is about that has no user, but was pushed by WeChat about one.
ALTER TABLE outbox_events ADD COLUMN about blob;
CREATE INDEX outbox_events_about_idx ON outbox_events (about) WHERE about IS NOT NULL;

-- Digests of messages that may come again.
CREATE TABLE inbox (
    digest      blob    NOT NULL PRIMARY KEY,
    received_at integer NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_received_at_idx ON inbox (received_at);

-- What was done stays as it is; only who did it, and to whom, may become a pseudonym, without address. The detail goes too,
-- or stays as it is where the target does.
DROP TRIGGER audit_log_keeps;
-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps BEFORE UPDATE ON audit_log
WHEN NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.action IS NOT OLD.action
    OR NEW.ip <> '' OR NEW.request_id <> ''
    OR NEW.detail <> '' AND (NEW.detail IS NOT OLD.detail OR NEW.target IS NOT OLD.target)
    OR (NEW.actor IS NULL) <> (OLD.actor IS NULL) OR (NEW.target IS NULL) <> (OLD.target IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only appended to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER audit_log_keeps;
-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is only appended to');
END;
-- +goose StatementEnd
DROP TABLE inbox;
DROP INDEX outbox_events_about_idx;
ALTER TABLE outbox_events DROP COLUMN about;
DROP INDEX users_delete_at_idx;
ALTER TABLE users DROP COLUMN delete_at;
