package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// List shows callers where they are signed in.
type List struct {
	sessions ports.SessionLister
	now      ports.Clock
}

// NewList makes the use case.
func NewList(sessions ports.SessionLister, now ports.Clock) *List { return &List{sessions, now} }

// Do returns the sessions that are kept, the newest first.
func (uc *List) Do(ctx context.Context, user domain.UserID) ([]*domain.Session, error) {
	sessions, err := uc.sessions.List(ctx, user, uc.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

// EndOwn ends one of the caller's sessions, this one or another.
type EndOwn struct {
	list  *List
	ender *Ender
}

// NewEndOwn makes the use case.
func NewEndOwn(list *List, ender *Ender) *EndOwn { return &EndOwn{list, ender} }

// Do is domain.ErrNotFound for a session that is not kept, or somebody else's.
func (uc *EndOwn) Do(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	sessions, err := uc.list.Do(ctx, user)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(sessions, func(s *domain.Session) bool { return s.State().ID == id }) {
		return domain.ErrNotFound
	}
	return uc.ender.One(ctx, user, id, domain.EndedByOwner, nil)
}
