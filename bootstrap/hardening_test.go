package bootstrap_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// advice returns the block of the checklist below a heading, with a password in it.
func advice(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/security/hardening.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n## " + heading + "\n.*?\n```\\w*\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatalf("the checklist has no block below %s", heading)
	}
	return strings.NewReplacer("…", "advised", ">PASSWORD", ">advised").Replace(string(found[1]))
}

// as gives an address another user.
func as(t *testing.T, address, user, path string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(user, "advised")
	if path != "" {
		parsed.Path = path
	}
	return parsed.String()
}

// advisedDatabase returns the addresses of the owner and of the service.
func advisedDatabase(t *testing.T) (owner, service string) {
	t.Helper()
	address := pgtest.NewServer(t).Database(nil)
	roles, tables, _ := strings.Cut(advice(t, "PostgreSQL"), "\\c menjin menjin_owner\n")
	run := func(address, sql string) {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		for statement := range strings.SplitSeq(sql, ";\n") { // CREATE DATABASE stands alone
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	run(address, roles)
	owner, service = as(t, address, "menjin_owner", "/menjin"), as(t, address, "menjin", "/menjin")
	run(owner, tables)
	return owner, service
}

func advisedRedis(t *testing.T) string {
	t.Helper()
	address := redistest.NewServer(t).URL()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	var users [][]any
	for line := range strings.Lines(advice(t, "Redis")) {
		command := []any{"ACL", "SETUSER"}
		for _, word := range strings.Fields(line)[1:] {
			command = append(command, word)
		}
		users = append([][]any{command}, users...) // "default off" comes last: it is who gives these
	}
	for _, command := range users {
		if err := client.Do(t.Context(), command...).Err(); err != nil {
			t.Fatalf("%v: %v", command, err)
		}
	}
	return as(t, address, "menjin", "")
}

func advisedNATS(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nats.conf")
	text := "listen: 127.0.0.1:-1\njetstream {store_dir: \"" + t.TempDir() + "\"}\n" + advice(t, "NATS")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	options.NoLog, options.NoSigs = true, true
	nats, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	t.Cleanup(func() {
		nats.Shutdown()
		nats.WaitForShutdown()
	})
	if !nats.ReadyForConnections(time.Minute) {
		t.Fatal("NATS does not start")
	}
	return nats.ClientURL()
}

func TestServersAsTheChecklistAdvisesLetTheServiceDoItsWorkAndNothingElse(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	owner, service := advisedDatabase(t)
	sessions, events := advisedRedis(t), advisedNATS(t)
	s := local(t).with(settings{"database.url": service, "sessions.url": sessions, "events.url": as(t, events, "menjin", "")})
	says(t, s.with(settings{"database.url": owner}), []string{"migrate", "up"})
	p := start(t, s)
	in := p.login(p.sandboxCode("alice"))
	p.expect(http.MethodGet, "/api/user/info", in.Token, nil, http.StatusOK, "")
	eventually(t, "the event is published", func() bool {
		return strings.Contains(says(t, s, []string{"outbox", "verify", "--json"}), `"compared": 1`)
	})
	p.expect(http.MethodPost, "/api/logout/all", in.Token, nil, http.StatusOK, "")
	p.expect(http.MethodGet, "/api/user/info", in.Token, nil, http.StatusUnauthorized, "SESSION_ENDED")

	conn, err := pgx.Connect(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "DROP TABLE users CASCADE"); err == nil {
		t.Error("the service's role drops tables")
	}
	options, err := redis.ParseURL(sessions)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.FlushDB(t.Context()).Err(); err == nil {
		t.Error("the service's user empties Redis")
	}
	if err := client.Set(t.Context(), "elsewhere", 1, 0).Err(); err == nil {
		t.Error("the service's user writes keys that are not its own")
	}
	subscriberForges(t, as(t, events, "search", ""), in.User.ID)
}

// subscriberForges wants an event of a subscriber's own to be refused, and the stream to be read.
func subscriberForges(t *testing.T, address, user string) {
	t.Helper()
	refused := make(chan error, 1)
	conn, err := nats.Connect(address, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		select {
		case refused <- err:
		default:
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := conn.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	reader, err := stream.PullSubscribe("menjin.user.>", "search", nats.BindStream("MENJIN_EVENTS"))
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	if messages, err := reader.Fetch(1, nats.MaxWait(30*time.Second)); err != nil || len(messages) != 1 || messages[0].AckSync() != nil {
		t.Errorf("read: got %d messages, %v", len(messages), err)
	}
	if err := conn.Publish("menjin.user.deleted."+user, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-refused:
		if !strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
			t.Errorf("forge: got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("a subscriber publishes events")
	}
}
