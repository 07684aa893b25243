package bootstrap_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// outOfOrder calls and wants a quick 503: nobody let in, nobody told to sign in again.
func (p *program) outOfOrder(method, path, token string, body any) {
	p.tb.Helper()
	r := p.expect(method, path, token, body, http.StatusServiceUnavailable, "DEPENDENCY_UNAVAILABLE")
	if r.Took > time.Second+busyMachine {
		p.tb.Errorf("%s %s: answered after %s, want an answer within a second", method, path, r.Took)
	}
}

func (p *program) recovers(what, method, path, token string, body func() any) {
	p.tb.Helper()
	begin := time.Now()
	eventually(p.tb, what, func() bool { return p.call(method, path, token, body()).Status < http.StatusInternalServerError })
	p.tb.Logf("%s: %s after the server's return", what, time.Since(begin).Round(time.Millisecond))
}

func nothing() any { return nil }

func TestRedisOutageLetsNobodyInAndEndsByItself(t *testing.T) {
	t.Parallel()
	redis, w := redistest.NewServer(t), startWeChat(t)
	p := start(t, onServers(t).with(w.settings()).with(settings{"sessions.url": redis.URL()}))
	in := p.login(w.code("alice"))
	p.register("bob")
	for _, stop := range []func(){redis.Stop, redis.Kill} {
		stop()
		for range 5 {
			p.outOfOrder(http.MethodGet, "/api/auth/check", in.Token, nil)
			p.outOfOrder(http.MethodGet, "/api/user/info", in.Token, nil)
			p.outOfOrder(http.MethodPost, "/api/login", "", map[string]string{"code": w.code("alice")})
			p.outOfOrder(http.MethodPost, "/api/token/refresh", "", map[string]string{"refresh_token": in.RefreshToken})
			p.outOfOrder(http.MethodPost, "/api/login/password", "", credentials("bob", goodPassword))
		}
		p.check("nonsense", http.StatusUnauthorized, "TOKEN_INVALID")
		p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusServiceUnavailable, "")
		p.expect(http.MethodGet, "/health/live", "", nil, http.StatusOK, "")
		redis.Start()
		p.recovers("auth check", http.MethodGet, "/api/auth/check", in.Token, nothing)
		p.check(in.Token, http.StatusUnauthorized, "SESSION_ENDED") // this Redis keeps nothing
		in = p.login(w.code("alice"))
		p.seesItself(in)
		// Other connections than the check's, which notice the return by themselves, a second later at most.
		p.recovers("refresh", http.MethodPost, "/api/token/refresh", "", func() any { return map[string]string{"refresh_token": in.RefreshToken} })
		in = p.refresh(in.RefreshToken)
		p.passwordLogin("bob")
		p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusOK, "")
	}
}

func TestPostgreSQLOutageEndsByItself(t *testing.T) {
	t.Parallel()
	database, w, l := pgtest.NewServer(t), startWeChat(t), newLedger()
	p := start(t, onServers(t).with(w.settings()).with(settings{"database.url": database.Database(nil)}))
	in := p.login(w.code("alice"))
	for _, stop := range []func(){database.Stop, database.Kill} {
		stop()
		for range 5 {
			p.outOfOrder(http.MethodPost, "/api/login", "", map[string]string{"code": w.code("alice")})
			p.outOfOrder(http.MethodGet, "/api/user/info", in.Token, nil)
			p.outOfOrder(http.MethodPost, "/api/logout", in.Token, nil)
		}
		p.check(in.Token, http.StatusNoContent, "") // sessions are elsewhere
		p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusServiceUnavailable, "")
		database.Start()
		p.recovers("user info", http.MethodGet, "/api/user/info", in.Token, nothing)
		p.recovers("login", http.MethodPost, "/api/login", "", func() any { return map[string]string{"code": w.code("alice")} })
		p.seesItself(in)
	}
	c := p.gather(w, l, "after")
	eventually(t, "ten are signed in", func() bool { return l.answered() >= 10 })
	c.sendAway()
	l.holdsFor(t, p, p.drained(w))
}

func TestPostgreSQLKilledInTheMiddleOfSignInsBreaksNoPromise(t *testing.T) {
	t.Parallel()
	database, w, l := pgtest.NewServer(t), startWeChat(t), newLedger()
	p := start(t, onServers(t).with(w.settings()).with(settings{"database.url": database.Database(nil)}))
	c := p.gather(w, l, "restless")
	for range 2 {
		before := l.answered()
		eventually(t, "forty more are signed in", func() bool { return l.answered() >= before+40 })
		database.Kill()
		database.Start()
	}
	before := l.answered()
	eventually(t, "forty more are signed in", func() bool { return l.answered() >= before+40 })
	c.sendAway()
	for _, refused := range l.refused {
		if refused != "503 DEPENDENCY_UNAVAILABLE" {
			t.Errorf("a sign-in while PostgreSQL was away: got %s, want 503 DEPENDENCY_UNAVAILABLE", refused)
		}
	}
	l.refused = nil
	l.holdsFor(t, p, p.drained(w))
}
