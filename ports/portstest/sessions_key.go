package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

var sessionKeyContracts = []contract[*sessions]{
	{"the key of the newest session at a mini-program is found", keyNewest},
	{"the newest is told by the time and not by the user's version", keyNewestByTime},
	{"a key goes with its session", keyEnded},
	{"an idle session still has its key, one past its refresh limit has none", keyKept},
}

// openWith keeps a session opened now at a mini-program, with a key of its own.
func (s *sessions) openWith(t *testing.T, ctx context.Context, user domain.UserID, app domain.AppID, key string) domain.SessionID {
	t.Helper()
	return s.openOn(t, ctx, user, firstVersion, app, key)
}

func (s *sessions) openOn(
	t *testing.T, ctx context.Context, user domain.UserID, version int64, app domain.AppID, key string,
) domain.SessionID {
	t.Helper()
	state := newSession(user, s.now, s.limits).State()
	state.UserVersion = version
	state.AppID, state.SessionKey = app, domain.SessionKey{Secret: domain.NewSecret(key)}
	if _, err := s.Store.Open(ctx, domain.RestoreSession(state), many); err != nil {
		t.Fatalf("open: %v", err)
	}
	return state.ID
}

func (s *sessions) wantKey(t *testing.T, ctx context.Context, user domain.UserID, app domain.AppID, want string) {
	t.Helper()
	got, err := s.Keys.NewestKey(ctx, user, app)
	if err != nil || got.Reveal() != want {
		t.Errorf("newest key at %s: got %q, error %v, want %q", app, got.Reveal(), err, want)
	}
}

func keyNewest(t *testing.T, ctx context.Context, s *sessions) {
	user, stranger := newUserID(), newUserID()
	s.wantKey(t, ctx, user, sampleApp, "")
	s.openWith(t, ctx, user, sampleApp, "key-1")
	s.wantKey(t, ctx, user, sampleApp, "key-1")
	s.pass(time.Second)
	s.openWith(t, ctx, user, sampleApp, "key-2")
	s.pass(time.Second)
	s.openWith(t, ctx, user, otherApp, "key-3")
	s.openWith(t, ctx, stranger, sampleApp, "key-4")
	s.wantKey(t, ctx, user, sampleApp, "key-2")
	s.wantKey(t, ctx, user, otherApp, "key-3")
	s.wantKey(t, ctx, stranger, otherApp, "")
	s.wantKey(t, ctx, user, "", "")
	s.pass(time.Second)
	s.openWith(t, ctx, user, sampleApp, "") // a sign-in for which WeChat gave none
	s.wantKey(t, ctx, user, sampleApp, "")
	if _, err := s.Keys.NewestKey(cancelled(ctx), user, sampleApp); err == nil {
		t.Error("newest key with a cancelled context: got no error, want one")
	}
}

func keyNewestByTime(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	for i, version := range []int64{3, 9, 5} {
		key := string(rune('a' + i))
		s.openOn(t, ctx, user, version, sampleApp, key)
		s.wantKey(t, ctx, user, sampleApp, key)
		s.pass(time.Second)
	}
}

func keyEnded(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	s.openWith(t, ctx, user, sampleApp, "key-1")
	s.pass(time.Second)
	second := s.openWith(t, ctx, user, sampleApp, "key-2")
	if err := s.Store.End(ctx, user, second); err != nil {
		t.Fatalf("end: %v", err)
	}
	s.wantKey(t, ctx, user, sampleApp, "key-1")
	s.endBefore(t, ctx, user, 1<<40)
	s.wantKey(t, ctx, user, sampleApp, "")
}

func keyKept(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	s.openWith(t, ctx, user, sampleApp, "key-1")
	s.pass(s.limits.Idle + time.Minute)
	s.wantKey(t, ctx, user, sampleApp, "key-1")
	s.pass(s.limits.Refresh)
	if s.Archive != nil {
		if _, err := s.Archive.Sweep(ctx, s.now, 10); err != nil {
			t.Fatalf("sweep: %v", err)
		}
	}
	s.wantKey(t, ctx, user, sampleApp, "")
}
