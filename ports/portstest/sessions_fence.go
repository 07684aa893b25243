package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var fenceContracts = []contract[*sessions]{
	{"ending all before a version ends older sessions, and none opened on it", endBefore},
	{"ending all before a version leaves other users alone", endBeforeOthers},
	{"ending all but one leaves that one", endBeforeExcept},
	{"ending all may be repeated without harm to newer sessions", endBeforeRepeated},
	{"after an ending no session is opened on an older version", openOutdated},
	{"after a change of roles no session is opened on an older version", openOutdatedRoles},
	{"a session that is refused makes no other give way", openOutdatedLimit},
	{"endings out of order leave the highest fence, and each does its own", fencesOutOfOrder},
	{"a session that was refused after an ending does not come alive", openOutdatedLater},
	{"no older session is live once its opening and an ending returned", openRace},
	{"no session has older roles once its opening and a change of roles returned", openRolesRace},
	{"random openings, endings and changes of roles do what a model does", fenceModel},
}

func (s *sessions) endBefore(t *testing.T, ctx context.Context, user domain.UserID, version int64) {
	t.Helper()
	if err := s.Store.EndOpenedBefore(ctx, user, version, domain.SessionID{}); err != nil {
		t.Fatalf("end all: %v", err)
	}
}

// wantOutdated opens a session on a version, in vain.
func (s *sessions) wantOutdated(t *testing.T, ctx context.Context, user domain.UserID, version int64) {
	t.Helper()
	session := newSessionOn(version, user, s.now, s.limits)
	if ended, err := s.Store.Open(ctx, session, 1); !errors.Is(err, ports.ErrOutdated) || len(ended) > 0 {
		t.Errorf("open on version %d: got %v ended, error %v, want none and %v", version, ended, err, ports.ErrOutdated)
	}
	s.wantEnded(t, ctx, user, session.State().ID)
}

func endBefore(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	older, at, newer := s.openedOn(t, ctx, user, 4), s.openedOn(t, ctx, user, 5), s.openedOn(t, ctx, user, 6)
	none := s.openedOn(t, ctx, user, 0) // kept by a release that knew no versions
	s.endBefore(t, ctx, user, 5)
	s.wantEnded(t, ctx, user, none.ID)
	s.wantEnded(t, ctx, user, older.ID)
	s.wantLive(t, ctx, user, at.ID)
	s.wantLive(t, ctx, user, newer.ID)
}

func endBeforeOthers(t *testing.T, ctx context.Context, s *sessions) {
	user, other := newUserID(), newUserID()
	id := s.open(t, ctx, other)
	s.open(t, ctx, user)
	s.endBefore(t, ctx, user, 9)
	s.wantLive(t, ctx, other, id)
	s.wantLive(t, ctx, other, s.open(t, ctx, other))
}

func endBeforeExcept(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	before, kept, after := s.open(t, ctx, user), s.open(t, ctx, user), s.open(t, ctx, user)
	for _, except := range []domain.SessionID{kept, kept} {
		if err := s.Store.EndOpenedBefore(ctx, user, 3, except); err != nil {
			t.Fatalf("end all but one: %v", err)
		}
	}
	s.wantEnded(t, ctx, user, before)
	s.wantEnded(t, ctx, user, after)
	s.wantLive(t, ctx, user, kept)
	s.wantOutdated(t, ctx, user, 2)
	if err := s.Store.EndOpenedBefore(ctx, user, 2, domain.SessionID{ID: newID()}); err != nil {
		t.Fatalf("end all but one that is unknown: %v", err)
	}
	s.wantEnded(t, ctx, user, kept)
}

func endBeforeRepeated(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	old := s.open(t, ctx, user)
	s.endBefore(t, ctx, user, 2)
	fresh := s.openedOn(t, ctx, user, 2)
	for range 3 {
		s.endBefore(t, ctx, user, 2)
		s.wantLive(t, ctx, user, fresh.ID)
		s.wantEnded(t, ctx, user, old)
		s.pass(time.Minute)
	}
}

func openOutdated(t *testing.T, ctx context.Context, s *sessions) {
	user, other := newUserID(), newUserID()
	s.endBefore(t, ctx, user, 7)
	for _, version := range []int64{6, 1, 0} {
		s.wantOutdated(t, ctx, user, version)
	}
	s.wantLive(t, ctx, user, s.openedOn(t, ctx, user, 7).ID)
	s.wantLive(t, ctx, user, s.openedOn(t, ctx, user, 8).ID)
	s.wantLive(t, ctx, other, s.open(t, ctx, other))
}

func openOutdatedRoles(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	s.setRoles(t, ctx, user, 7, domain.RoleUser)
	s.wantOutdated(t, ctx, user, 6)
	session := s.openedOn(t, ctx, user, 7)
	s.wantRoles(t, ctx, session, session.Roles...)
}

func openOutdatedLimit(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	s.endBefore(t, ctx, user, 7)
	first, second := s.openedOn(t, ctx, user, 7), s.openedOn(t, ctx, user, 7)
	s.wantOutdated(t, ctx, user, 6) // where one is allowed
	s.wantLive(t, ctx, user, first.ID)
	s.wantLive(t, ctx, user, second.ID)
}

func fencesOutOfOrder(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	kept := s.openedOn(t, ctx, user, 3)
	if err := s.Store.EndOpenedBefore(ctx, user, 9, kept.ID); err != nil {
		t.Fatalf("end all but one: %v", err)
	}
	for _, late := range []int64{2, 3} {
		s.endBefore(t, ctx, user, late)
		s.wantLive(t, ctx, user, kept.ID)
		s.wantOutdated(t, ctx, user, 8)
	}
	s.setRoles(t, ctx, user, 5, domain.RoleUser)
	s.wantOutdated(t, ctx, user, 8)
	s.endBefore(t, ctx, user, 4) // which excepts nobody
	s.wantEnded(t, ctx, user, kept.ID)
	s.wantOutdated(t, ctx, user, 8)
	s.wantLive(t, ctx, user, s.openedOn(t, ctx, user, 9).ID)
}

func openOutdatedLater(t *testing.T, ctx context.Context, s *sessions) {
	user := newUserID()
	session := newSession(user, s.now, s.limits)
	s.endBefore(t, ctx, user, 2)
	for range 2 {
		if _, err := s.Store.Open(ctx, session, many); !errors.Is(err, ports.ErrOutdated) {
			t.Errorf("open: got error %v, want %v", err, ports.ErrOutdated)
		}
		s.wantEnded(t, ctx, user, session.State().ID)
		s.wantList(t, ctx, user)
		s.pass(time.Minute)
	}
	state := session.State()
	if _, err := s.refresh(ctx, state, state.RefreshHash); !errors.Is(err, domain.ErrRefreshTokenInvalid) {
		t.Errorf("refresh: got error %v, want %v", err, domain.ErrRefreshTokenInvalid)
	}
}
