package portstest

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// refreshLimits are such that each of the three is reached before the others in some case.
var refreshLimits = domain.SessionLimits{Idle: time.Hour, Refresh: 24 * time.Hour, MaxAge: 60 * time.Hour}

// sampleRefreshToken makes the first refresh token of a session; successor makes those that follow.
func sampleRefreshToken(user domain.UserID, session domain.SessionID) domain.RefreshToken {
	return domain.RefreshToken{Secret: domain.NewSecret("refresh-" + session.String()), UserID: user, SessionID: session}
}

func successor(hash domain.RefreshHash) domain.RefreshHash { return sha256.Sum256(hash[:]) }

// refresh presents a token, and its successor with it.
func (s *sessions) refresh(ctx context.Context, of domain.SessionState, presented domain.RefreshHash) (*domain.Session, error) {
	return s.Refresher.Refresh(ctx, of.UserID, of.ID, presented, successor(presented), s.now)
}

func (s *sessions) refreshed(t *testing.T, ctx context.Context, of domain.SessionState, presented domain.RefreshHash) domain.SessionState {
	t.Helper()
	session, err := s.refresh(ctx, of, presented)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	return session.State()
}

func (s *sessions) wantRefused(t *testing.T, ctx context.Context, of domain.SessionState, presented domain.RefreshHash, want *domain.Error) {
	t.Helper()
	if _, err := s.refresh(ctx, of, presented); !errors.Is(err, want) {
		t.Errorf("refresh: got error %v, want %v", err, want)
	}
}

var refreshContracts = []contract[*sessions]{
	{"a refresh replaces the token and starts the limits anew", refreshRotates},
	{"a refresh opens an idle session again", refreshReopens},
	{"the token just replaced is answered with the same successor for ten seconds", refreshGrace},
	{"an older token is told reused, and changes nothing", refreshReused},
	{"a token just replaced with another successor is told reused", refreshOtherSuccessor},
	{"past the refresh limit a session is not opened again", refreshLimit},
	{"refreshes keep no session beyond its absolute end", refreshMaxAge},
	{"a session that was ended, is unknown or a stranger's is not opened again", refreshEnded},
	{"ten refreshes of one token at once have one successor", refreshParallel},
	{"no refresh succeeds that starts after End returned", refreshEndRace},
	{"refreshing with a cancelled context tells nothing of the token", refreshCancelled},
}

func refreshRotates(t *testing.T, ctx context.Context, s *sessions) {
	first := s.opened(t, ctx, newUserID())
	s.pass(10 * time.Minute)
	got := s.refreshed(t, ctx, first, first.RefreshHash)
	want := domain.RestoreSession(first)
	if err := want.Refresh(first.RefreshHash, successor(first.RefreshHash), s.limits, s.now); err != nil {
		t.Fatalf("refresh the model: %v", err)
	}
	if diff := diff(want.State(), got); diff != "" {
		t.Errorf("session differs (-want +got):\n%s", diff)
	}
	s.pass(time.Minute)
	next := s.refreshed(t, ctx, first, got.RefreshHash)
	if next.RefreshHash != successor(got.RefreshHash) || !next.RefreshUntil.Equal(s.now.Add(s.limits.Refresh)) {
		t.Errorf("second refresh: got %+v, want another token and limit", next)
	}
	s.wantLive(t, ctx, first.UserID, first.ID)
}

func refreshReopens(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	s.pass(s.limits.Idle)
	s.wantEnded(t, ctx, session.UserID, session.ID)
	s.pass(s.limits.Refresh - s.limits.Idle - time.Minute)
	s.refreshed(t, ctx, session, session.RefreshHash)
	s.pass(s.limits.Idle - time.Minute)
	s.wantLive(t, ctx, session.UserID, session.ID)
	s.pass(s.limits.Idle)
	s.wantEnded(t, ctx, session.UserID, session.ID)
}

func refreshGrace(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	first := s.refreshed(t, ctx, session, session.RefreshHash)
	for range 2 {
		s.pass(domain.RefreshGrace / 2)
		again := s.refreshed(t, ctx, session, session.RefreshHash)
		if again.RefreshHash != first.RefreshHash || !again.RefreshUntil.Equal(first.RefreshUntil) || !again.RefreshedAt.Equal(first.RefreshedAt) {
			t.Errorf("refreshed again: got %+v, want the successor and limit as before: %+v", again, first)
		}
	}
	s.pass(time.Microsecond)
	s.wantRefused(t, ctx, session, session.RefreshHash, domain.ErrRefreshTokenReused)
	s.refreshed(t, ctx, session, first.RefreshHash)
}

func refreshReused(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	second := successor(session.RefreshHash)
	s.refreshed(t, ctx, session, session.RefreshHash)
	last := s.refreshed(t, ctx, session, second)
	s.wantRefused(t, ctx, session, session.RefreshHash, domain.ErrRefreshTokenReused) // within ten seconds, but two behind
	s.pass(time.Minute)
	s.wantRefused(t, ctx, session, second, domain.ErrRefreshTokenReused)
	s.wantRefused(t, ctx, session, domain.RefreshHash{1}, domain.ErrRefreshTokenReused)
	s.wantRefused(t, ctx, session, domain.RefreshHash{}, domain.ErrRefreshTokenReused)
	if got := s.only(t, ctx, session.UserID); !got.RefreshUntil.Equal(last.RefreshUntil) || !got.LastSeenAt.Equal(last.LastSeenAt) {
		t.Errorf("session after reuse: got %+v, want it as it was: %+v", got, last)
	}
	s.wantLive(t, ctx, session.UserID, session.ID)
	s.refreshed(t, ctx, session, last.RefreshHash)
}

func refreshOtherSuccessor(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	s.refreshed(t, ctx, session, session.RefreshHash)
	_, err := s.Refresher.Refresh(ctx, session.UserID, session.ID, session.RefreshHash, domain.RefreshHash{1}, s.now)
	if !errors.Is(err, domain.ErrRefreshTokenReused) {
		t.Errorf("refresh: got error %v, want %v", err, domain.ErrRefreshTokenReused)
	}
}

func refreshLimit(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	s.pass(s.limits.Refresh - time.Minute)
	next := s.refreshed(t, ctx, session, session.RefreshHash)
	s.pass(s.limits.Refresh)
	s.wantRefused(t, ctx, session, next.RefreshHash, domain.ErrRefreshTokenInvalid)
	s.wantRefused(t, ctx, session, session.RefreshHash, domain.ErrRefreshTokenInvalid)
	s.wantEnded(t, ctx, session.UserID, session.ID)
}

func refreshMaxAge(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	current := session
	for range 3 {
		s.pass(s.limits.MaxAge/3 - 10*time.Minute)
		current = s.refreshed(t, ctx, session, current.RefreshHash)
	}
	if !current.RefreshUntil.Equal(session.ExpiresAt) || !current.IdleUntil.Equal(session.ExpiresAt) {
		t.Errorf("half an hour before the end: got %+v, want no limit past %s", current, session.ExpiresAt)
	}
	s.pass(30 * time.Minute)
	s.wantRefused(t, ctx, session, current.RefreshHash, domain.ErrRefreshTokenInvalid)
	s.wantEnded(t, ctx, session.UserID, session.ID)
}

func refreshEnded(t *testing.T, ctx context.Context, s *sessions) {
	session, other := s.opened(t, ctx, newUserID()), s.opened(t, ctx, newUserID())
	stranger, unknown := session, session
	stranger.UserID, unknown.ID = other.UserID, domain.SessionID{ID: newID()}
	s.wantRefused(t, ctx, stranger, session.RefreshHash, domain.ErrRefreshTokenInvalid)
	s.wantRefused(t, ctx, unknown, session.RefreshHash, domain.ErrRefreshTokenInvalid)
	if err := s.Store.End(ctx, session.UserID, session.ID); err != nil {
		t.Fatalf("end: %v", err)
	}
	s.wantRefused(t, ctx, session, session.RefreshHash, domain.ErrRefreshTokenInvalid)
	s.endBefore(t, ctx, other.UserID, 2)
	s.wantRefused(t, ctx, other, other.RefreshHash, domain.ErrRefreshTokenInvalid)
	s.wantEnded(t, ctx, session.UserID, session.ID)
}

func refreshCancelled(t *testing.T, ctx context.Context, s *sessions) {
	session := s.opened(t, ctx, newUserID())
	_, err := s.refresh(cancelled(ctx), session, session.RefreshHash)
	if err == nil || errors.Is(err, domain.ErrRefreshTokenInvalid) || errors.Is(err, domain.ErrRefreshTokenReused) {
		t.Errorf("refresh: got error %v, want one that does not blame the token", err)
	}
	s.refreshed(t, ctx, session, session.RefreshHash)
}
