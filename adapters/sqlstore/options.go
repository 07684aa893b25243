package sqlstore

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// maxShards is how far an outbox can be divided: more buys nothing, as one relay drains faster than PostgreSQL commits.
const maxShards = 16

// Options says which database to open and what it needs around it. Cipher and Codec must be set.
type Options struct {
	// URL is "postgres://…" (or "postgresql://…"), with pgx's settings in its query, or "sqlite:<path>", or a path. A URL
	// with default_query_exec_mode=simple_protocol suits a pooler that gives out transactions: nothing is prepared then.
	URL domain.Secret
	// MaxConns bounds the connections to PostgreSQL and the readers of SQLite, 16 if zero. pool_max_conns in the URL wins.
	MaxConns int
	// Shards divides the outbox, 1 to 16, 1 if zero; always 1 on SQLite. A user's events lie in the shard that this number
	// gives: Open divides the outbox anew only while nothing waits or is held, and refuses with ErrShards otherwise. Whoever has
	// it open with the number before can append no more.
	Shards int
	// KeepShards takes the number that the database has, where it has one: for whoever works beside a service.
	KeepShards bool
	// ReadOnly is for looking: Open adds nothing, and does not wait for whoever writes. What would write fails, except through a
	// pooler with simple_protocol, which is not told.
	ReadOnly bool

	Cipher ports.Cipher
	Codec  ports.EventCodec
	// OnCommit is called after each commit that added events, and each decision that lets some go out; it must not block. Nil is
	// allowed.
	OnCommit func()
	// Tracer makes spans of statements and of events, and gives events the trace they belong to. Nil means none of it.
	Tracer trace.Tracer
}

func (o Options) complete() (Options, error) {
	if o.Cipher == nil || o.Codec == nil {
		return o, errors.New("a cipher and an event codec are needed")
	}
	if o.Shards < 0 || o.Shards > maxShards {
		return o, fmt.Errorf("%d outbox shards; there can be 1 to %d", o.Shards, maxShards)
	}
	o.Shards = max(o.Shards, 1)
	if o.MaxConns <= 0 {
		o.MaxConns = 16
	}
	if o.OnCommit == nil {
		o.OnCommit = func() {}
	}
	return o, nil
}

// isPostgresURL tells the two databases apart by the URL alone.
func isPostgresURL(address domain.Secret) bool {
	text := address.Reveal()
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// sqlitePath returns the file that a URL names.
func sqlitePath(address domain.Secret) (string, error) {
	text := address.Reveal()
	scheme, rest, found := strings.Cut(text, "://")
	switch {
	case found && scheme != "sqlite":
		return "", errors.New("the database URL has a scheme other than postgres and sqlite")
	case found:
		text = rest
	default:
		text = strings.TrimPrefix(text, "sqlite:")
	}
	if text == "" || strings.HasPrefix(text, ":memory:") {
		return "", errors.New("the database URL names no file")
	}
	return text, nil
}

// sqliteDSN names the file for the driver, with pragmas that each of its connections starts with.
func sqliteDSN(path string, pragmas ...string) string {
	query := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range append([]string{"busy_timeout(10000)", "foreign_keys(1)"}, pragmas...) {
		query.Add("_pragma", pragma)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}
