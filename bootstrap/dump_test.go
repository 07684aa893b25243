package bootstrap_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// populate lets people leave behind all that the service keeps of anybody, and returns one of them.
func (p *program) populate(w *weChat) signIn {
	p.tb.Helper()
	var last signIn
	for _, person := range []string{"alice", "bob", "carol"} {
		last = p.login(w.code(person))
		sieveOf(p.tb).keepPerson(w.Server, "", person)
		p.takePhone(last, w.phoneCode(person))
		p.bindEncrypted(last, w.sealed(person))
		change := map[string]string{"email": person + ".planted@example.com"}
		p.expect(http.MethodPut, "/api/user/info", last.Token, change, http.StatusOK, "")
		p.expect(http.MethodPut, "/api/user/password", last.Token,
			map[string]string{"username": person, "new_password": goodPassword + person}, http.StatusOK, "")
		last = p.refresh(last.RefreshToken)
		p.refuseLogin(person, wrongPassword, http.StatusUnauthorized, "BAD_CREDENTIALS")
	}
	return last
}

func TestCopiesOfTheServersHoldNothingOfAPersonInClear(t *testing.T) {
	t.Parallel()
	s, w := onServers(t), startWeChat(t)
	p := start(t, s.with(w.settings()).with(settings{"events.signed_in": "true"}))
	last := p.populate(w)
	p.drained(w)
	for what, content := range map[string][]byte{
		"dump of PostgreSQL": dumpDatabase(t, s["database.url"]), "copy of Redis": copyRedis(t, s["sessions.url"]),
		"copy of the stream": copyStream(t, p.events),
	} {
		if !bytes.Contains(content, []byte(last.User.ID)) {
			t.Errorf("%s of %d bytes does not hold the user at all", what, len(content))
		}
		sieveOf(t).report(t, what, content)
		found := sieveOf(t).find(append(content, last.RefreshToken...))
		if len(found) == 0 {
			t.Errorf("%s with a token in it: found nothing", what)
		}
	}
}

// dumpDatabase is what pg_dump writes, where it lies beside the server as on Debian, and each table as COPY writes it.
func dumpDatabase(t *testing.T, address string) []byte {
	t.Helper()
	var dump bytes.Buffer
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump"); len(found) > 0 {
		cmd := exec.Command(found[len(found)-1], "--dbname="+address)
		cmd.Stdout, cmd.Stderr = &dump, &dump
		if err := cmd.Run(); err != nil {
			t.Fatalf("pg_dump: %v\n%s", err, dump.Bytes())
		}
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, _ := conn.Query(t.Context(), `SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables: got %v, %v", tables, err)
	}
	for _, table := range tables {
		if _, err := conn.PgConn().CopyTo(t.Context(), &dump, "COPY "+pgx.Identifier{table}.Sanitize()+" TO STDOUT"); err != nil {
			t.Fatalf("copy %s: %v", table, err)
		}
	}
	return dump.Bytes()
}

// copyRedis reads every key whatever its type is.
func copyRedis(t *testing.T, address string) []byte {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	var content []byte
	keys := client.Scan(t.Context(), 0, "*", 0).Iterator()
	for keys.Next(t.Context()) {
		key := keys.Val()
		kind := client.Type(t.Context(), key).Val()
		read := map[string][]any{
			"string": {"GET", key}, "hash": {"HGETALL", key}, "set": {"SMEMBERS", key}, "list": {"LRANGE", key, 0, -1},
			"zset": {"ZRANGE", key, 0, -1, "WITHSCORES"}, "stream": {"XRANGE", key, "-", "+"},
		}[kind]
		if read == nil {
			t.Fatalf("%s is of type %q", key, kind)
		}
		value, err := client.Do(t.Context(), read...).Result()
		if err != nil {
			t.Fatalf("read %s: %v", key, err)
		}
		content = fmt.Appendf(content, "%s %v\n", key, value)
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return content
}

// copyStream reads every message of every stream.
func copyStream(t *testing.T, address string) []byte {
	t.Helper()
	js := natstest.JetStream(t, address)
	defer js.Conn().Close()
	var content []byte
	names := js.StreamNames(t.Context())
	for name := range names.Name() {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		state := stream.CachedInfo().State
		for at := state.FirstSeq; at <= state.LastSeq; at++ {
			message, err := stream.GetMsg(t.Context(), at)
			if err != nil {
				t.Fatalf("message %d of %s: %v", at, name, err)
			}
			content = fmt.Appendf(content, "%s %v %s\n", message.Subject, message.Header, message.Data)
		}
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	return content
}
