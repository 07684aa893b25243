package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFourthOfThreeSessionsEndsTheLongestIdle(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		// A store may write the slide once per twentieth of the idle time: a short one makes each look count.
		p := start(t, s.with(settings{"session.max_per_user": "3", "session.idle_ttl": "20s"}))
		bystander := p.login(p.sandboxCode("bob"))
		var in [3]signIn
		for i := range in {
			in[i] = p.login(p.sandboxCode("alice"))
		}
		<-time.After(1200 * time.Millisecond) // a program in a process of its own has the world's clock
		p.check(in[0].Token, http.StatusNoContent, "")
		p.check(in[2].Token, http.StatusNoContent, "")
		fourth := p.login(p.sandboxCode("alice"))
		p.check(in[1].Token, http.StatusUnauthorized, "SESSION_ENDED")
		p.refuseRefresh(in[1].RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
		for _, kept := range []signIn{in[0], in[2], fourth, bystander} {
			p.check(kept.Token, http.StatusNoContent, "")
		}
		if ended := string(p.endings(fourth.User.ID, 1)[0].Data); !strings.Contains(ended, in[1].SessionID) || !strings.Contains(ended, "session_limit") {
			t.Errorf("event: got %s, want session %s and session_limit", ended, in[1].SessionID)
		}
		p.endsOneOf(fourth, in[0])
	})
}

// endsOneOf lists the caller's sessions and ends another one of them.
func (p *program) endsOneOf(caller, other signIn) {
	p.tb.Helper()
	var list struct {
		Sessions []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	r := p.expect(http.MethodGet, "/api/user/sessions", caller.Token, nil, http.StatusOK, "")
	if err := json.Unmarshal(r.Data, &list); err != nil || len(list.Sessions) != 3 {
		p.tb.Fatalf("sessions: got %s (%v), want three", r.Data, err)
	}
	for _, one := range list.Sessions {
		if one.Current != (one.ID == caller.SessionID) {
			p.tb.Errorf("session %s: current is %t", one.ID, one.Current)
		}
	}
	p.expect(http.MethodDelete, "/api/user/sessions/"+other.SessionID, caller.Token, nil, http.StatusOK, "")
	p.check(other.Token, http.StatusUnauthorized, "SESSION_ENDED")
	p.check(caller.Token, http.StatusNoContent, "")
}

func TestManySignInsAtOnceKeepTheLimit(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()).with(settings{"session.max_per_user": "3"}))
		p.login(w.code("alice"))
		codes := make([]string, 20)
		for i := range codes {
			codes[i] = w.code("alice")
		}
		signIns, _ := p.loginsAtOnce(codes)
		alive := 0
		for _, in := range signIns {
			if p.call(http.MethodGet, "/api/auth/check", in.Token, nil).Status == http.StatusNoContent {
				alive++
			}
		}
		if alive != 3 {
			t.Errorf("after 20 sign-ins at once: got %d live sessions, want 3", alive)
		}
	})
}
