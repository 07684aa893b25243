package httpapi_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type sessionList struct {
	Sessions []map[string]any
}

func (s *service) sessionsOf(t *testing.T, token string) []map[string]any {
	t.Helper()
	var list sessionList
	s.do(t, "GET", "/api/user/sessions", "", as(token)).read(t, 200, &list)
	return list.Sessions
}

func TestSessionsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.grant(t, "code-1", "li")
	var phone loginData
	s.do(t, "POST", "/api/login", `{"code":"code-1","device":{"model":"iPhone 15","platform":"ios"}}`).read(t, 200, &phone)
	s.clock.Advance(time.Minute)
	tablet := s.signIn(t, "li")
	s.signIn(t, "wang")
	nothing := map[string]any{"id": nil, "model": nil, "platform": nil, "system": nil}
	want := []map[string]any{
		{
			"id": tablet.SessionID, "device": nothing, "ip": "127.0.0.1", "current": false,
			"created_at": "2026-11-22T08:01:00Z", "last_seen_at": "2026-11-22T08:01:00Z",
		},
		{
			"id": phone.SessionID, "device": map[string]any{"id": nil, "model": "iPhone 15", "platform": "ios", "system": nil},
			"ip": "127.0.0.1", "current": true, "created_at": "2026-11-22T08:00:00Z", "last_seen_at": "2026-11-22T08:01:00Z",
		},
	}
	if diff := cmp.Diff(want, s.sessionsOf(t, phone.Token)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}

func TestOwnSessionsAreEndedOneByOne(t *testing.T) {
	t.Parallel()
	s := setup(t)
	phone, tablet, other := s.signIn(t, "li"), s.signIn(t, "li"), s.signIn(t, "wang")
	end := func(id string) answer { return s.do(t, "DELETE", "/api/user/sessions/"+id, "", as(phone.Token)) }
	if reply := end(tablet.SessionID); reply.status != 200 {
		t.Fatalf("got %d %s", reply.status, reply.body)
	}
	s.wantSession(t, tablet.Token, false)
	end(tablet.SessionID).want(t, 404, "NOT_FOUND")
	end(other.SessionID).want(t, 404, "NOT_FOUND")
	end(anID).want(t, 404, "NOT_FOUND")
	s.wantSession(t, other.Token, true)
	for _, malformed := range []string{"x", "%00", anID + "0", "..%2f" + anID, "%25"} {
		end(malformed).wantDetail(t, detail{"id", "format", "不是有效的编号"})
	}
	end(phone.SessionID)
	s.wantSession(t, phone.Token, false)
}
