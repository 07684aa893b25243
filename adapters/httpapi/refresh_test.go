package httpapi_test

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func refreshBody(token string) string { return `{"refresh_token":"` + token + `"}` }

func TestRefreshReplacesTheTokens(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.clock.Advance(31 * time.Minute)
	s.wantSession(t, data.Token, false)
	got := s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).object(t, 200)
	if got["token_type"] != "Bearer" || got["expires_in"] != 7200.0 || got["refresh_expires_in"] != 2592000.0 ||
		got["session_id"] != data.SessionID || got["refresh_token"] == data.RefreshToken || len(got) != 6 {
		t.Errorf("got %v", got)
	}
	s.wantSession(t, got["token"].(string), true)
	line := s.log.lines(t, "request", 3)[2]
	if line["user_id"] != data.User.ID || line["session_id"] != data.SessionID {
		t.Errorf("access line %v", line)
	}
}

func TestRefreshTokenReplacedJustBeforeGetsTheSameSuccessor(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	first := s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).object(t, 200)
	s.clock.Advance(10 * time.Second)
	again := s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).object(t, 200)
	if first["refresh_token"] != again["refresh_token"] {
		t.Errorf("got %v, then %v", first["refresh_token"], again["refresh_token"])
	}
}

func TestOlderRefreshTokenEndsTheSession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).object(t, 200)
	s.clock.Advance(11 * time.Second)
	s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).want(t, 401, "REFRESH_TOKEN_REUSED")
	s.wantSession(t, data.Token, false)
	s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).want(t, 401, "REFRESH_TOKEN_INVALID")
}

func TestRefreshIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.do(t, "POST", "/api/token/refresh", refreshBody("made-up")).want(t, 401, "REFRESH_TOKEN_INVALID")
	s.do(t, "POST", "/api/token/refresh", `{}`).wantDetail(t, detail{"refresh_token", "required", "必填"})
	s.alter(t, data, func(state *domain.UserState) { state.Status = domain.StatusLocked })
	s.do(t, "POST", "/api/token/refresh", refreshBody(data.RefreshToken)).want(t, 403, "ACCOUNT_LOCKED")
	other := setup(t)
	unlucky := other.signIn(t, "li")
	other.sessions.Break(domain.ErrUnavailable)
	other.do(t, "POST", "/api/token/refresh", refreshBody(unlucky.RefreshToken)).want(t, 503, "DEPENDENCY_UNAVAILABLE")
}
