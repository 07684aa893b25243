package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// conflicts says what a violated constraint means, by its name in PostgreSQL and by the columns SQLite tells instead.
var conflicts = map[string]error{
	"users_username_key":    domain.ErrUsernameTaken,
	"users.username_folded": domain.ErrUsernameTaken,
	"users_email_key":       domain.ErrEmailTaken,
	"users.email_index":     domain.ErrEmailTaken,
	"users_phone_key":       domain.ErrPhoneTaken,
	"users.phone_index":     domain.ErrPhoneTaken,
	"users_email_next_key":  domain.ErrEmailTaken, // while the index key is replaced
	"users_phone_next_key":  domain.ErrPhoneTaken,
	"identities_openid_key": domain.ErrWeChatTaken,
	"identities.provider, identities.app_id, identities.openid_index": domain.ErrWeChatTaken,
	"inbox_digest_key":           ports.ErrSeenBefore,
	"inbox.digest":               ports.ErrSeenBefore,
	"identities_openid_next_key": domain.ErrWeChatTaken,
}

// SQLSTATEs that are matched one by one.
const (
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateDivision      = "22012"
	stateReadOnly      = "25006"
	stateCancelled     = "57014"
	stateLockTimeout   = "55P03"
	stateNull          = "23502"
)

// statementError stands for the server's own error, whose details quote the values of the row.
type statementError struct {
	state string // SQLSTATE
	text  string
}

func (e *statementError) Error() string { return e.text }

// translate turns a driver's error into what the ports promise: domain.ErrUnavailable for a database that cannot be reached
// or does not take the work now, a conflict for a constraint that has one. It keeps context errors and whatever comes from
// elsewhere.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*domain.Error](err); known {
		return err
	}
	if _, known := errors.AsType[*statementError](err); known {
		return err
	}
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting && !errors.Is(err, context.Canceled) {
		return unavailable(err)
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fromPostgres(server, err)
	}
	if file, ok := errors.AsType[*sqlite.Error](err); ok {
		return fromSQLite(file, err)
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && disconnected(err) {
		return unavailable(err)
	}
	return err
}

func unavailable(cause error) error { return fmt.Errorf("%w: %w", domain.ErrUnavailable, cause) }

func fromPostgres(server *pgconn.PgError, err error) error {
	if conflict, ok := conflicts[server.ConstraintName]; ok {
		return conflict
	}
	if server.Code == stateNull && server.TableName == "outbox_events" && server.ColumnName == "shard" {
		return unavailable(errDivided)
	}
	cause := &statementError{state: server.Code, text: err.Error()}
	switch class := server.Code[:min(2, len(server.Code))]; {
	case class == "22": // a value that does not fit, and the message quotes it
		cause.text = "SQLSTATE " + server.Code
	case class == "08", class == "53", class == "57", class == "58",
		server.Code == stateReadOnly, server.Code == stateLockTimeout, server.Code == stateCancelled:
		return unavailable(cause)
	}
	return cause
}

func fromSQLite(file *sqlite.Error, err error) error {
	const primary = 0xff
	switch file.Code() & primary {
	case sqlite3.SQLITE_CONSTRAINT:
		for columns, conflict := range conflicts {
			if strings.Contains(file.Error(), "failed: "+columns) {
				return conflict
			}
		}
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return unavailable(err)
	}
	return err
}

// dividedByZero tells the offence that changingOne has the server take.
func dividedByZero(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == stateDivision
}

// disconnected tells a broken or closed connection from a mistake.
func disconnected(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

// worthAnotherTry reports that the database gave way to another transaction and the same work may now pass.
func worthAnotherTry(err error) bool {
	cause, ok := errors.AsType[*statementError](err)
	return ok && (cause.state == stateSerialization || cause.state == stateDeadlock)
}
