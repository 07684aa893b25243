package bootstrap_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// knock asks again and again at a program until it is refused; accepted is when the last request that was let in had begun.
func (p *program) knock(in signIn, accepted *time.Time) {
	for {
		begin := time.Now()
		r, err := p.try(http.MethodGet, "/api/auth/check", in.Token, nil)
		if err != nil || r.Status != http.StatusNoContent {
			if err != nil || r.Reason != "SESSION_ENDED" {
				p.tb.Errorf("the refusal: got %s %v, want 401 SESSION_ENDED", r, err)
			}
			return
		}
		*accepted = begin
	}
}

func TestNoReplicaAcceptsARequestAfterTheAnswerToALock(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]settings{
		"sessions in Redis": {}, "sessions in PostgreSQL": {"sessions.url": "database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWeChat(t)
			a, b := startTwo(t, onServers(t).with(w.settings()).with(change))
			admin := a.administrator(t, "root")
			longest := -time.Hour
			for range 10 {
				in := a.login(w.code("alice"))
				b.check(in.Token, http.StatusNoContent, "")
				var knocking sync.WaitGroup
				var last [4]time.Time
				for i := range last {
					knocking.Go(func() { b.knock(in, &last[i]) })
				}
				user := "/api/admin/users/" + in.User.ID
				a.expect(http.MethodPost, user+"/lock", admin.Token, map[string]string{"reason": "test"}, http.StatusOK, "")
				answered := time.Now()
				knocking.Wait()
				for _, begun := range last {
					if !begun.IsZero() {
						longest = max(longest, begun.Sub(answered))
					}
				}
				a.expect(http.MethodPost, user+"/unlock", admin.Token, nil, http.StatusOK, "")
			}
			t.Logf("the last request that the other replica accepted had begun %s after the answer to the lock", longest)
			if longest > 0 {
				t.Errorf("a request begun %s after the answer was accepted, want none", longest)
			}
		})
	}
}

// holdUser locks the row of a user, and returns what waits for somebody to want it, and what gives it free.
func holdUser(t *testing.T, s settings, user string) (wanted, free func()) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, s["database.url"])
	if err != nil {
		t.Fatal(err)
	}
	watch, err := pgx.Connect(ctx, s["database.url"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = conn.Close(ctx), watch.Close(ctx) })
	tx, err := conn.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, `SELECT 1 FROM users WHERE id = $1 FOR UPDATE`, user)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
			eventually(t, "the row of the user is wanted", func() bool {
				var waiting int
				err := watch.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`).Scan(&waiting)
				return err == nil && waiting > 0
			})
		}, func() {
			if err := tx.Rollback(ctx); err != nil {
				t.Error(err)
			}
		}
}

// healing is how long an announced ending may take to be made good, besides the start of a replica that has to; attempts is
// how often it is tried, as a machine under load spoils one.
const (
	healing  = time.Second
	attempts = 4
)

// An end of sessions that is announced, and cannot be carried out because Redis is cut off from the replica at that moment, is
// carried out by whoever hears of it.
func TestAnnouncedEndingIsMadeGoodByTheEventFeed(t *testing.T) {
	t.Parallel()
	for name, heal := range map[string]func(t *testing.T, a *program, s settings) *program{
		"by itself":     func(_ *testing.T, a *program, _ settings) *program { return a },
		"after a crash": func(t *testing.T, a *program, s settings) *program { a.kill(); return start(t, s) },
		"by the other":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var took, started time.Duration
			for range attempts {
				took, started = healed(t, heal)
				t.Logf("%s: the session ended %s after the announcement or the return of Redis", name, took.Round(time.Millisecond))
				if took <= started+healing {
					return
				}
			}
			t.Errorf("%s: the session ended after %s at last, want at most %s", name, took, started+healing)
		})
	}
}

// healed returns how long after its announcement, or after the return of Redis, an ending was carried out, and when whoever
// did it was ready for it.
func healed(t *testing.T, heal func(t *testing.T, a *program, s settings) *program) (took, started time.Duration) {
	t.Helper()
	s, w := onServers(t), startWeChat(t)
	s = s.with(w.settings())
	way, through := wireTo(t, s["sessions.url"])
	cut := s.with(settings{"sessions.url": through})
	a := start(t, cut)
	witness := a
	if heal == nil {
		witness = start(t, s)
	}
	in, bystander := a.login(w.code("alice")), a.login(w.code("bob"))
	witness.check(in.Token, http.StatusNoContent, "")

	wanted, free := holdUser(t, s, in.User.ID)
	answer := make(chan reply, 1)
	go func() {
		r, _ := a.try(http.MethodPost, "/api/logout/all", in.Token, nil)
		answer <- r
	}()
	wanted() // the caller was let in, the announcement waits
	way.cut.Store(true)
	begin := time.Now()
	free()
	if heal != nil {
		if r := <-answer; r.String() != "503 DEPENDENCY_UNAVAILABLE" {
			t.Errorf("logout without Redis: got %s, want 503 DEPENDENCY_UNAVAILABLE", r)
		}
		way.cut.Store(false)
		begin = time.Now()
		witness = heal(t, a, cut)
		started = time.Since(begin)
	}
	eventually(t, "the session has ended", func() bool {
		return witness.call(http.MethodGet, "/api/auth/check", in.Token, nil).Reason == "SESSION_ENDED"
	})
	took = time.Since(begin)
	witness.check(bystander.Token, http.StatusNoContent, "")
	witness.endings(in.User.ID, 1)
	way.cut.Store(false)
	return took, started
}
