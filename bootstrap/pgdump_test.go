package bootstrap_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
)

func TestDumpOfPostgreSQLIsServedFromAnotherDatabaseAndFillsANewStream(t *testing.T) {
	t.Parallel()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if len(found) == 0 {
		testserver.Missing(t, "pg_dump", "postgresql-client")
	}
	tools := filepath.Dir(found[len(found)-1])
	w, s, dump := startWeChat(t), onServers(t), filepath.Join(t.TempDir(), "menjin.dump")
	s = s.with(w.settings())
	p := start(t, s)
	alice := p.login(w.code("alice"))
	events := len(p.drained(w))
	command := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), filepath.Join(tools, name), args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	command("pg_dump", "-Fc", "-f", dump, "--dbname="+s["database.url"])
	p.kill()

	restored := s.with(settings{"database.url": pgtest.New(t, nil), "events.url": natstest.URL(t)})
	command("pg_restore", "--no-owner", "--dbname="+restored["database.url"], dump)
	q := start(t, restored)
	q.check(alice.Token, http.StatusNoContent, "")
	if in := q.login(w.code("alice")); in.IsNewUser {
		t.Error("alice is registered a second time")
	}
	q.login(w.code("newcomer"))
	readEvents(t, q.events, func(got []event) bool { return len(got) > events })
}
