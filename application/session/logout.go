package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Logout ends the caller's session.
type Logout struct{ ender }

// NewLogout makes the use case.
func NewLogout(tx ports.Transactor, sessions ports.SessionStore, now ports.Clock, newID ports.NewID) *Logout {
	return &Logout{ender{tx, sessions, now, newID}}
}

// Do announces that the session has ended and ends it. Once it returned nil no request of that session is answered anywhere.
func (uc *Logout) Do(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	_, err := uc.announce(ctx, user, func(u *domain.User, stamp domain.Stamp) domain.Event {
		return u.EndSession(id, domain.EndedByLogout, stamp)
	})
	if err != nil {
		return fmt.Errorf("announce logout: %w", err)
	}
	if err := uc.sessions.End(ctx, user, id); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// LogoutAll ends every session of the caller.
type LogoutAll struct{ ender }

// NewLogoutAll makes the use case.
func NewLogoutAll(tx ports.Transactor, sessions ports.SessionStore, now ports.Clock, newID ports.NewID) *LogoutAll {
	return &LogoutAll{ender{tx, sessions, now, newID}}
}

// Do announces that the user's sessions have ended and ends them. Once it returned nil no request of a session opened before
// is answered anywhere.
func (uc *LogoutAll) Do(ctx context.Context, user domain.UserID) error {
	stamp, err := uc.announce(ctx, user, func(u *domain.User, stamp domain.Stamp) domain.Event {
		return u.EndAllSessions(domain.EndedByLogoutAll, stamp)
	})
	if err != nil {
		return fmt.Errorf("announce logout everywhere: %w", err)
	}
	if err := uc.sessions.EndOpenedUntil(ctx, user, stamp.At.Add(clockSkew)); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// clockSkew is how far ahead another replica's clock may be: a session that it opened a moment ago, and dated later than our
// now, is ended too.
const clockSkew = time.Minute

// ender commits the intent to end sessions before they are ended, so that a crash in between is made good by
// FollowRevocations, which hears of it.
type ender struct {
	tx       ports.Transactor
	sessions ports.SessionStore
	now      ports.Clock
	newID    ports.NewID
}

// announce appends the event of an ending. A user who is gone has no sessions, and nothing to announce.
func (e *ender) announce(
	ctx context.Context, id domain.UserID, end func(*domain.User, domain.Stamp) domain.Event,
) (domain.Stamp, error) {
	stamp := domain.Stamp{ID: domain.EventID{ID: e.newID()}, At: e.now()}
	err := e.tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, id)
		if errors.Is(err, domain.ErrUserNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		event := end(user, stamp)
		if err := tx.Users().Save(ctx, user); err != nil {
			return fmt.Errorf("save user: %w", err)
		}
		return tx.Outbox().Append(ctx, event)
	})
	return stamp, err
}
