package sqlstore

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// spans makes the spans of statements. One is made only within a span that is recorded: what works by itself, as the relay that
// looks for events, makes none.
type spans struct {
	tracer trace.Tracer
	system attribute.KeyValue
}

func newSpans(tracer trace.Tracer, system string) spans {
	return spans{tracer, attribute.String("db.system.name", system)}
}

func (s spans) begin(ctx context.Context, name string, more ...attribute.KeyValue) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, nil
	}
	return s.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(append(more, s.system)...))
}

// endSpan ends what begin made. Of an error it keeps PostgreSQL's code alone: the text may quote a row.
func endSpan(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, "")
		if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
			span.SetAttributes(attribute.String("db.response.status_code", refused.Code))
		}
	}
	span.End()
}

var (
	verbs  = wordSet("SELECT INSERT UPDATE DELETE BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE PRAGMA SET")
	tables = wordSet(`attempts audit_log data_key_work data_keys identities inbox meta outbox_dead outbox_events outbox_held
		outbox_pending outbox_progress outbox_replays outbox_shards rate_limits session_fences sessions signing_keys user_roles users`)
)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

// maxWords bounds how far a statement is read for its name.
const maxWords = 200

// nameOf says what a statement does and to which table, in words that stand above and no others: Bun writes values into the
// text of a statement.
func nameOf(statement string) string {
	var n naming
	for n.words < maxWords && statement != "" {
		end := strings.IndexFunc(statement, notInWord)
		if end < 0 {
			end = len(statement)
		}
		if end > 0 {
			n.read(statement[:end])
			statement = statement[end:]
			continue
		}
		switch statement[0] {
		case '(':
			n.depth++
		case ')':
			n.depth--
		}
		_, size := utf8.DecodeRuneInString(statement)
		statement = statement[size:]
	}
	return n.String()
}

func notInWord(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// naming is a statement being read for its name.
type naming struct {
	verb, table string
	words       int
	depth, at   int // in brackets: now, and where the verb stands; a table elsewhere belongs to a query within
	with        bool
}

func (n *naming) read(word string) {
	n.words++
	upper := strings.ToUpper(word)
	switch {
	case n.words == 1 && upper == "WITH":
		n.with = true
	case verbs[upper] && (n.verb == "" || n.with && n.verb == "SELECT" && upper != "SELECT"):
		n.verb, n.table, n.at = upper, "", n.depth // what a WITH changes says more than what it reads
	case n.verb != "" && n.table == "" && n.depth == n.at && tables[word]:
		n.table = word
	}
}

// String is the name.
func (n *naming) String() string {
	switch {
	case n.verb == "":
		return "statement"
	case n.table == "":
		return n.verb
	default:
		return n.verb + " " + n.table
	}
}
