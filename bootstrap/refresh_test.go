package bootstrap_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTenRefreshesAtOnceHaveOneSuccessor(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		in := p.login(p.sandboxCode("alice"))
		const callers = 10
		var got [callers]signIn
		atOnce(callers, func(i int) {
			refreshed, r, err := p.tryRefresh(in.RefreshToken)
			if err != nil || r.Status != http.StatusOK {
				t.Errorf("refresh %d: got %s %v, want 200\n%s", i, r, err, r.Body)
			}
			got[i] = refreshed
		})
		for i, one := range got {
			if one.RefreshToken != got[0].RefreshToken || one.RefreshToken == in.RefreshToken || one.SessionID != in.SessionID {
				t.Errorf("answer %d: another successor, the same token or another session", i)
			}
			p.check(one.Token, http.StatusNoContent, "")
		}
		p.check(in.Token, http.StatusNoContent, "") // an access token lives out its time
		p.refresh(got[0].RefreshToken)
	})
}

func TestOldRefreshTokenEndsTheSession(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		in, other := p.login(p.sandboxCode("alice")), p.login(p.sandboxCode("alice"))
		second := p.refresh(in.RefreshToken)
		if again := p.refresh(in.RefreshToken); again.RefreshToken != second.RefreshToken {
			t.Error("the token sent again within ten seconds has another successor")
		}
		third := p.refresh(second.RefreshToken)
		p.refuseRefresh(in.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_REUSED")
		for _, token := range []string{in.Token, second.Token, third.Token} {
			p.check(token, http.StatusUnauthorized, "SESSION_ENDED")
		}
		p.refuseRefresh(third.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
		p.refuseRefresh(in.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
		p.check(other.Token, http.StatusNoContent, "")

		ended := p.endings(in.User.ID, 1)
		if data := string(ended[0].Data); !strings.Contains(data, in.SessionID) || !strings.Contains(data, "refresh_token_reused") {
			t.Errorf("event: got %s, want session %s and refresh_token_reused", data, in.SessionID)
		}
	})
}

func TestNonsenseIsNoRefreshToken(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		in := p.login(p.sandboxCode("alice"))
		for _, nonsense := range []string{
			"x", in.Token, in.RefreshToken + "x", in.RefreshToken[1:], "A" + in.RefreshToken[1:], strings.Repeat("A", 1024), "\u202e", "=\x00=",
		} {
			if nonsense != in.RefreshToken {
				p.refuseRefresh(nonsense, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
			}
		}
		p.check(in.Token, http.StatusNoContent, "")
		p.check(p.refresh(in.RefreshToken).Token, http.StatusNoContent, "")
	})
}

func TestRefreshOpensAnIdleSessionAgainAndAnEndedOneNever(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		const idle = 4 * time.Second // enough to come back in, on a busy machine
		p := start(t, s.with(settings{"session.idle_ttl": idle.String()}))
		in := p.login(p.sandboxCode("alice"))
		eventually(t, "the session is idle", func() bool { // each look slides it: not too often
			<-time.After(idle + idle/10)
			return p.call(http.MethodGet, "/api/auth/check", in.Token, nil).Status == http.StatusUnauthorized
		})
		again := p.refresh(in.RefreshToken)
		p.check(again.Token, http.StatusNoContent, "")
		p.expect(http.MethodPost, "/api/logout", again.Token, nil, http.StatusOK, "")
		p.refuseRefresh(again.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_INVALID")
	})
}
