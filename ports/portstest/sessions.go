package portstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SessionsParts are the ports that one session store implements together, and the way to make time pass for it.
type SessionsParts struct {
	Store     ports.SessionStore
	Refresher ports.SessionRefresher
	Lister    ports.SessionLister
	Keys      ports.SessionKeyReader
	// Advance lets time pass for a store that keeps it by itself, say by ageing the keys of a server. It is nil for a store
	// that goes by the instants it is given.
	Advance func(d time.Duration)
	// Archive is nil for a store that forgets by itself.
	Archive ports.SessionArchive
}

// OpenSessions returns an empty session store that works with the limits given.
type OpenSessions func(t *testing.T, limits domain.SessionLimits) SessionsParts

// Sessions is the contract of a session store. RefreshModel and RefreshLinearizable belong to it, and are apart because they
// take longer.
func Sessions(t *testing.T, open OpenSessions) {
	t.Helper()
	with := func(limits domain.SessionLimits) func(t *testing.T) *sessions {
		return func(t *testing.T) *sessions {
			return &sessions{SessionsParts: open(t, limits), limits: limits, now: now()}
		}
	}
	short := domain.SessionLimits{Idle: time.Hour, Refresh: 24 * time.Hour, MaxAge: 4 * time.Hour}
	check(t, with(short), slices.Concat(liveContracts, endContracts, fenceContracts))
	check(t, with(refreshLimits), slices.Concat(refreshContracts, roleContracts, limitContracts, listContracts, sessionKeyContracts))
}

// sessions is the store under test and the time it is there.
type sessions struct {
	SessionsParts
	limits domain.SessionLimits
	now    time.Time
}

func (s *sessions) pass(d time.Duration) {
	s.now = s.now.Add(d)
	if s.Advance != nil {
		s.Advance(d)
	}
}

// many is a limit on sessions that no case reaches by chance.
const many = 50

// firstVersion is what users begin with.
const firstVersion = 1

func newSession(user domain.UserID, at time.Time, limits domain.SessionLimits) *domain.Session {
	return newSessionOn(firstVersion, user, at, limits)
}

// newSessionOn makes a session opened on a version of its user.
func newSessionOn(version int64, user domain.UserID, at time.Time, limits domain.SessionLimits) *domain.Session {
	id := domain.SessionID{ID: newID()}
	return domain.OpenSession(domain.SessionOpening{
		ID: id, UserID: user, UserVersion: version, Roles: []domain.Role{domain.RoleSupport, domain.RoleUser}, AppID: sampleApp, IP: "2001:db8::1",
		Device:     domain.Device{ID: "d-1", Model: "Pixel 9 \"Pro\"", Platform: "android", System: "Android 16"},
		SessionKey: domain.SessionKey{Secret: domain.NewSecret("tiihtNczf5v6AKRyjwEUhQ==")},
		Refresh:    sampleRefreshToken(user, id),
	}, limits, at)
}

// open keeps a session opened now.
func (s *sessions) open(t *testing.T, ctx context.Context, user domain.UserID) domain.SessionID {
	t.Helper()
	return s.opened(t, ctx, user).ID
}

// opened is open, and tells more.
func (s *sessions) opened(t *testing.T, ctx context.Context, user domain.UserID) domain.SessionState {
	t.Helper()
	return s.openedOn(t, ctx, user, firstVersion)
}

// openedOn keeps a session opened now on a version of its user.
func (s *sessions) openedOn(t *testing.T, ctx context.Context, user domain.UserID, version int64) domain.SessionState {
	t.Helper()
	session := newSessionOn(version, user, s.now, s.limits)
	ended, err := s.Store.Open(ctx, session, many)
	if err != nil || len(ended) != 0 {
		t.Fatalf("open: got %d sessions ended, error %v, want none", len(ended), err)
	}
	return session.State()
}

func (s *sessions) wantLive(t *testing.T, ctx context.Context, user domain.UserID, id domain.SessionID) {
	t.Helper()
	if _, err := s.Store.Touch(ctx, user, id, s.now); err != nil {
		t.Errorf("touch: got error %v, want the session live", err)
	}
}

func (s *sessions) wantEnded(t *testing.T, ctx context.Context, user domain.UserID, id domain.SessionID) {
	t.Helper()
	if _, err := s.Store.Touch(ctx, user, id, s.now); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("touch: got error %v, want %v", err, domain.ErrSessionEnded)
	}
}

var liveContracts = []contract[*sessions]{
	{"a session just opened is live", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		s.wantLive(t, ctx, user, s.open(t, ctx, user))
	}},
	{"an unknown session has ended", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		s.open(t, ctx, user)
		s.wantEnded(t, ctx, user, domain.SessionID{ID: newID()})
		s.wantEnded(t, ctx, user, domain.SessionID{})
	}},
	{"another user's session has ended, and lives on for its own", func(t *testing.T, ctx context.Context, s *sessions) {
		user, stranger := newUserID(), newUserID()
		id := s.open(t, ctx, user)
		s.open(t, ctx, stranger)
		s.wantEnded(t, ctx, stranger, id)
		s.wantLive(t, ctx, user, id)
	}},
	{"a session ends when it was idle", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		id := s.open(t, ctx, user)
		s.pass(s.limits.Idle)
		s.wantEnded(t, ctx, user, id)
		s.pass(s.limits.Idle)
		s.wantEnded(t, ctx, user, id)
	}},
	{"a request lets the idle time start anew", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		id := s.open(t, ctx, user)
		for range 3 {
			s.pass(s.limits.Idle - time.Minute)
			s.wantLive(t, ctx, user, id)
		}
		s.pass(s.limits.Idle)
		s.wantEnded(t, ctx, user, id)
	}},
	{"many requests keep a session live, and then it is idle", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		id := s.open(t, ctx, user)
		for range 100 {
			s.pass(s.limits.Idle / 50)
			s.wantLive(t, ctx, user, id)
		}
		// A spared write may cost a twentieth, no more.
		s.pass(s.limits.Idle * 94 / 100)
		s.wantLive(t, ctx, user, id)
		s.pass(s.limits.Idle)
		s.wantEnded(t, ctx, user, id)
	}},
	{"requests keep no session beyond its absolute end", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		id := s.open(t, ctx, user)
		for range 7 {
			s.pass(s.limits.MaxAge / 8)
			s.wantLive(t, ctx, user, id)
		}
		s.pass(s.limits.MaxAge / 8)
		s.wantEnded(t, ctx, user, id)
	}},
	{"a cancelled context is no ended session", func(t *testing.T, ctx context.Context, s *sessions) {
		user := newUserID()
		id := s.open(t, ctx, user)
		_, err := s.Store.Touch(cancelled(ctx), user, id, s.now)
		if err == nil || errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("touch: got error %v, want another than %v", err, domain.ErrSessionEnded)
		}
		if _, err := s.Store.Open(cancelled(ctx), newSession(user, s.now, s.limits), many); err == nil {
			t.Error("open: got no error, want one")
		}
		s.wantLive(t, ctx, user, id)
	}},
}

func newUserID() domain.UserID { return domain.UserID{ID: newID()} }
