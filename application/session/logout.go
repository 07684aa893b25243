package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// beyondAll is a version that no user reaches, and that a store which counts in floating point holds exactly.
const beyondAll = 1 << 53

// Ender ends sessions. It commits the intent with its event before it carries it out, so that a crash in between is made good
// by Follow, which hears of it.
type Ender struct {
	users    *update.Users
	sessions ports.SessionStore
}

// NewEnder makes an Ender of what it needs.
func NewEnder(users *update.Users, sessions ports.SessionStore) *Ender {
	return &Ender{users, sessions}
}

// One ends one session. Once it returned nil no request of that session is answered anywhere.
func (e *Ender) One(ctx context.Context, user domain.UserID, id domain.SessionID, reason domain.EndReason, note *update.Note) error {
	_, err := e.users.One(ctx, user, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		return []domain.Event{u.EndSession(id, reason, c.Stamp())}, nil
	})
	// A user who is gone has nobody to be told.
	if err != nil && !errors.Is(err, domain.ErrUserNotFound) {
		return fmt.Errorf("announce end of session: %w", err)
	}
	if err := e.sessions.End(ctx, user, id); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// All ends every session of a user but one, if any. Once it returned nil no request of a session is answered anywhere whose
// sign-in read the user before.
func (e *Ender) All(ctx context.Context, user domain.UserID, except domain.SessionID, reason domain.EndReason, note *update.Note) error {
	version, err := e.users.One(ctx, user, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		return []domain.Event{u.EndAllSessions(except, reason, c.Stamp())}, nil
	})
	if errors.Is(err, domain.ErrUserNotFound) {
		version, err = beyondAll, nil
	}
	if err != nil {
		return fmt.Errorf("announce end of sessions: %w", err)
	}
	return e.CarryOut(ctx, user, version, except)
}

// CarryOut ends the sessions, but one, if any, whose end was announced by the event that gave the user a version.
func (e *Ender) CarryOut(ctx context.Context, user domain.UserID, version int64, except domain.SessionID) error {
	if err := e.sessions.EndOpenedBefore(ctx, user, version, except); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// Logout ends the caller's session.
type Logout struct{ ender *Ender }

// NewLogout makes the use case.
func NewLogout(ender *Ender) *Logout { return &Logout{ender} }

// Do is Ender.One's.
func (uc *Logout) Do(ctx context.Context, user domain.UserID, id domain.SessionID) error {
	return uc.ender.One(ctx, user, id, domain.EndedByLogout, nil)
}

// LogoutAll ends every session of the caller.
type LogoutAll struct{ ender *Ender }

// NewLogoutAll makes the use case.
func NewLogoutAll(ender *Ender) *LogoutAll { return &LogoutAll{ender} }

// Do is Ender.All's.
func (uc *LogoutAll) Do(ctx context.Context, user domain.UserID) error {
	return uc.ender.All(ctx, user, domain.SessionID{}, domain.EndedByLogoutAll, nil)
}
