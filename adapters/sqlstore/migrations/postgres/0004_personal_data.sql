-- +goose Up
ALTER TABLE users ADD COLUMN delete_at timestamptz; -- when the user is to be erased, as they asked
CREATE INDEX users_delete_at_idx ON users (delete_at) WHERE delete_at IS NOT NULL;

-- Whom an event is about that has no user, but was pushed by WeChat about one.
ALTER TABLE outbox_events ADD COLUMN about uuid;
CREATE INDEX outbox_events_about_idx ON outbox_events (about) WHERE about IS NOT NULL;

-- Digests of messages that may come again.
CREATE TABLE inbox (
    digest      bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT inbox_digest_key PRIMARY KEY (digest)
);
CREATE INDEX inbox_received_at_idx ON inbox (received_at);

-- What was done stays as it is; only who did it, and to whom, may become a pseudonym, without address. The detail goes too,
-- or stays as it is where the target does.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_log_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.at, NEW.action) IS DISTINCT FROM (OLD.id, OLD.at, OLD.action)
        OR NEW.ip <> '' OR NEW.request_id <> ''
        OR NEW.detail <> '' AND (NEW.detail, NEW.target) IS DISTINCT FROM (OLD.detail, OLD.target)
        OR (NEW.actor IS NULL) <> (OLD.actor IS NULL) OR (NEW.target IS NULL) <> (OLD.target IS NULL) THEN
        RAISE EXCEPTION 'the audit log is only appended to';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER audit_log_keeps ON audit_log;
CREATE TRIGGER audit_log_keeps BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_keeps();

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit_log_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only appended to';
END $$;
-- +goose StatementEnd
DROP TRIGGER audit_log_keeps ON audit_log;
CREATE TRIGGER audit_log_keeps BEFORE UPDATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_keeps();
DROP TABLE inbox;
DROP INDEX outbox_events_about_idx;
ALTER TABLE outbox_events DROP COLUMN about;
DROP INDEX users_delete_at_idx;
ALTER TABLE users DROP COLUMN delete_at;
