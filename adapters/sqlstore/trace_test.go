package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/spantest"
	"github.com/menjin-id/menjin/ports"
)

func TestStatementsAreNamedByWordsOfTheSchema(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		insertEventPostgres:            "INSERT outbox_events",
		changingOne(insertNewIdentity): "INSERT identities",
		insertUser:                     "INSERT users",
		leaseShard:                     "SELECT outbox_shards",
		userByID:                       "SELECT users",
		"BEGIN":                        "BEGIN",
		"commit":                       "COMMIT",
		"":                             "statement",
		"hunter2":                      "statement",
		`SELECT "u"."id" FROM "users" AS "u" WHERE (email = 'hunter2')`: "SELECT users",
		`UPDATE "users" SET "nickname" = 'DELETE FROM sessions'`:        "UPDATE users",
		"SELECT 1 FROM hunter2 WHERE x = 'hunter2'":                     "SELECT",
		strings.Repeat("x ", 10_000) + "SELECT users":                   "statement",
	} {
		if got := nameOf(statement); got != want {
			t.Errorf("%.60q: got %q, want %q", statement, got, want)
		}
	}
}

func FuzzNameOfAStatementHoldsNothingElseOfIt(f *testing.F) {
	f.Add("SELECT * FROM users WHERE name = 'x'")
	f.Add("WITH x AS (DELETE FROM sessions) SELECT 1")
	f.Fuzz(func(t *testing.T, statement string) {
		for word := range strings.FieldsSeq(nameOf(statement)) {
			if !verbs[word] && !tables[word] && word != "statement" {
				t.Errorf("%q: got %q in the name", statement, word)
			}
		}
	})
}

// registerTraced makes a user and looks for some, so that values go by pgx, by database/sql and by Bun.
func registerTraced(ctx context.Context, t *testing.T, db *DB) (secrets []string, message ports.Message) {
	t.Helper()
	user, event := newUser(t)
	if err := add(ctx, db, user, event); err != nil {
		t.Fatal(err)
	}
	users := NewUsers(db)
	if _, err := users.ByID(ctx, user.ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := users.Browse(ctx, ports.UserFilter{UsernamePrefix: "hunter2"}, domain.UserID{}, 10); err != nil {
		t.Fatal(err)
	}
	kept, err := NewOutbox(db, OutboxOptions{}).EventsOf(t.Context(), user.ID())
	if err != nil || len(kept) != 1 {
		t.Fatalf("events: got %d (%v), want one", len(kept), err)
	}
	for _, identity := range user.State().WeChat {
		secrets = append(secrets, identity.OpenID.Reveal())
	}
	return append(secrets, "hunter2"), kept[0]
}

func TestSpansOfStatementsHoldNoValues(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			recorder := spantest.New(t, 1)
			db := openDB(t, Options{URL: backend.url(t), Tracer: recorder.Tracer()})
			ctx, span := recorder.Within(t.Context())
			secrets, message := registerTraced(ctx, t, db)
			span.End()

			text, names := recorder.Text(), recorder.Names()
			for _, secret := range append(secrets, message.UserID.String()) {
				if strings.Contains(text, secret) {
					t.Errorf("%q stands in a span:\n%s", secret, text)
				}
			}
			if !strings.Contains(text, "INSERT outbox_events") || !strings.Contains(text, "SELECT users") {
				t.Errorf("got spans %q, want those of the statements:\n%s", names, text)
			}
			appended := recorder.Named("append menjin.user.registered.v1")
			if len(appended) != 1 {
				t.Fatalf("got spans %q, want one of the event", names)
			}
			made := appended[0].SpanContext()
			if want := fmt.Sprintf("00-%s-%s-01", made.TraceID(), made.SpanID()); message.Headers["traceparent"] != want {
				t.Errorf("traceparent of the event: got %q, want %q", message.Headers["traceparent"], want)
			}
		})
	}
}

func TestWhatIsNotRecordedMakesNoSpansAndNoHeaders(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			none, all := spantest.New(t, 0), spantest.New(t, 1)
			url := backend.url(t)
			ctx, span := none.Within(t.Context())
			for name, db := range map[string]*DB{
				"a trace that is not recorded": openDB(t, Options{URL: url, Tracer: none.Tracer()}), "no trace": openDB(t, Options{URL: url, Tracer: all.Tracer()}),
			} {
				if name == "no trace" {
					ctx = t.Context()
				}
				if _, message := registerTraced(ctx, t, db); len(message.Headers) > 0 {
					t.Errorf("%s: got headers %v, want none", name, message.Headers)
				}
			}
			span.End()
			if names := slices.Concat(none.Names(), all.Names()); len(names) > 0 {
				t.Errorf("got spans %q, want none", names)
			}
		})
	}
}

func TestRefusalOfTheDatabaseIsACodeInTheSpan(t *testing.T) {
	t.Parallel()
	recorder := spantest.New(t, 1)
	db := openDB(t, Options{URL: postgresURL(t), Tracer: recorder.Tracer()})
	user, event := newUser(t)
	ctx, span := recorder.Within(t.Context())
	for range 2 {
		_ = add(ctx, db, user, event) // the second time the user is there
	}
	span.End()
	if text := recorder.Text(); !strings.Contains(text, "23505") || strings.Contains(text, "duplicate key") || strings.Contains(text, user.ID().String()) {
		t.Errorf("got spans\n%s\nwant PostgreSQL's code and not its text", text)
	}
}
