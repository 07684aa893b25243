package account

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// ChangePassword sets the first password or changes the one there is.
type ChangePassword struct {
	reader   ports.UserReader
	hasher   ports.PasswordHasher
	attempts ports.AttemptCounter
	users    *update.Users
	ender    *session.Ender
	now      ports.Clock
}

// NewChangePassword makes the use case.
func NewChangePassword(
	reader ports.UserReader, hasher ports.PasswordHasher, attempts ports.AttemptCounter, users *update.Users,
	ender *session.Ender, now ports.Clock,
) *ChangePassword {
	return &ChangePassword{reader, hasher, attempts, users, ender, now}
}

// PasswordChange is a wish for another password.
type PasswordChange struct {
	Old      domain.Secret // zero with the first password
	New      domain.Secret
	Username domain.Username // with the first password of a user who has no username
}

// Do changes the password and ends all other sessions. It is domain.ErrBadCredentials when Old is not the password there is,
// domain.ErrTooManyAttempts for who has guessed too often, and domain.ErrUsernameTaken when the name is somebody else's.
func (uc *ChangePassword) Do(ctx context.Context, caller Caller, in PasswordChange) error {
	user, err := uc.reader.ByID(ctx, caller.UserID)
	if err != nil {
		return fmt.Errorf("load user: %w", err)
	}
	before := user.State()
	username := before.Username
	if username == (domain.Username{}) {
		username = in.Username
	}
	wanted, err := domain.NewPassword("new_password", in.New.Reveal(), username)
	if err != nil {
		return err
	}
	if err := uc.prove(ctx, caller, in.Old, before.PasswordHash); err != nil {
		return err
	}
	hash, err := uc.hasher.Hash(ctx, wanted)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	note := caller.note(domain.AuditPassword, "")
	version, err := uc.users.One(ctx, caller.UserID, note, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		if !u.State().PasswordHash.Equal(before.PasswordHash.Secret) {
			return nil, domain.ErrBadCredentials // changed meanwhile: what was proven is the password no more
		}
		changed, err := u.SetPassword(hash, in.Username, c.Stamp())
		if err != nil {
			return nil, err
		}
		return []domain.Event{changed, u.EndAllSessions(caller.SessionID, domain.EndedByPasswordChange, c.Stamp())}, nil
	})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return uc.ender.CarryOut(ctx, caller.UserID, version, caller.SessionID)
}

// prove wants the old password where there is one. A stolen session must not be enough to guess it.
func (uc *ChangePassword) prove(ctx context.Context, caller Caller, old domain.Secret, hash domain.PasswordHash) error {
	if hash.IsZero() {
		return nil
	}
	if old.IsZero() {
		return domain.Invalid(domain.Violation{Field: "old_password", Rule: "required", Text: "is needed to change the password"})
	}
	key := "password:" + caller.UserID.String()
	wait, err := uc.attempts.Try(ctx, key, uc.now())
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if wait > 0 {
		return domain.ErrTooManyAttempts.After(wait)
	}
	match, _, err := uc.hasher.Verify(ctx, old, hash)
	if err != nil {
		return fmt.Errorf("verify password: %w", err)
	}
	if !match {
		return domain.ErrBadCredentials
	}
	if err := uc.attempts.Clear(ctx, key); err != nil {
		return fmt.Errorf("clear attempts: %w", err)
	}
	return nil
}
