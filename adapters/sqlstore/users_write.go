package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/menjin-id/menjin/domain"
)

// userWriter is ports.UserWriter within a transaction.
type userWriter struct{ unit *unit }

func (w userWriter) Add(ctx context.Context, user *domain.User) error {
	return w.unit.do("add user", func() error {
		state := user.State()
		fields, err := w.fields(state)
		if err != nil {
			return err
		}
		args := append([]any{w.unit.db.id(state.ID.ID)}, fields...)
		args = append(args, state.Version, w.unit.db.instant(state.CreatedAt), w.unit.db.instant(state.UpdatedAt))
		if err := w.unit.to.exec(ctx, insertUser, args...); err != nil {
			return err
		}
		now := held{version: state.Version, roles: state.Roles}
		if now.password, err = w.savePassword(ctx, state, now.password); err != nil {
			return err
		}
		if now.identities, err = w.addIdentities(ctx, state); err != nil {
			return err
		}
		w.unit.held[state.ID] = now
		return w.addRoles(ctx, state)
	})
}

func (w userWriter) ForUpdate(ctx context.Context, id domain.UserID) (*domain.User, error) {
	var stored []storedUser
	err := w.unit.do("lock user", func() error {
		if w.unit.db.isPostgres() {
			if err := w.unit.to.exec(ctx, lockUser, w.unit.db.id(id.ID)); err != nil {
				return err
			}
		}
		return w.unit.to.query(ctx, func(found rows) (err error) {
			stored, err = readUsers(w.unit.db.cipher, found)
			return err
		}, wholeUser, w.unit.db.id(id.ID))
	})
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, fmt.Errorf("lock user: %w", domain.ErrUserNotFound) // an answer, after which the transaction may go on
	}
	user := &stored[0]
	w.unit.held[id] = held{user.state.Version, user.state.Roles, user.state.PasswordHash, user.identities}
	return user.restore(), nil
}

func (w userWriter) Save(ctx context.Context, user *domain.User) error {
	return w.unit.do("save user", func() error {
		state := user.State()
		before, locked := w.unit.held[state.ID]
		if !locked {
			return errNotLocked
		}
		fields, err := w.fields(state)
		if err != nil {
			return err
		}
		args := append([]any{w.unit.db.id(state.ID.ID), before.version}, fields...)
		args = append(args, state.Version, w.unit.db.instant(state.UpdatedAt))
		if err := w.unit.to.execOne(ctx, errLostUpdate, updateUser, args...); err != nil {
			return err
		}
		now := held{version: state.Version, roles: state.Roles}
		if now.password, err = w.savePassword(ctx, state, before.password); err != nil {
			return err
		}
		if now.identities, err = w.saveIdentities(ctx, state, before.identities); err != nil {
			return err
		}
		w.unit.held[state.ID] = now
		if slices.Equal(before.roles, state.Roles) {
			return nil
		}
		if err := w.unit.to.exec(ctx, deleteRoles, w.unit.db.id(state.ID.ID)); err != nil {
			return err
		}
		return w.addRoles(ctx, state)
	})
}

func (w userWriter) Remove(ctx context.Context, id domain.UserID) error {
	return w.unit.do("remove user", func() error {
		if _, locked := w.unit.held[id]; !locked {
			return errNotLocked
		}
		for _, statement := range []string{deleteRoles, deleteIdentities} {
			if err := w.unit.to.exec(ctx, statement, w.unit.db.id(id.ID)); err != nil {
				return err
			}
		}
		return w.unit.to.execOne(ctx, errLostUpdate, deleteUser, w.unit.db.id(id.ID))
	})
}

// savePassword returns what the table says afterwards.
func (w userWriter) savePassword(
	ctx context.Context, state domain.UserState, before domain.PasswordHash,
) (domain.PasswordHash, error) {
	if state.PasswordHash.Equal(before.Secret) {
		return before, nil
	}
	return state.PasswordHash, w.unit.to.exec(ctx, setPassword, w.unit.db.id(state.ID.ID), nullable(state.PasswordHash.Reveal()))
}

// fields are the columns that insertUser and updateUser share, in their order.
func (w userWriter) fields(state domain.UserState) ([]any, error) {
	cipher := w.unit.db.cipher
	emailSealed, err := seal(cipher, "users", "email", state.ID.ID, state.Email.Secret)
	if err != nil {
		return nil, err
	}
	emailIndex, err := emailIndex(cipher, state.Email)
	if err != nil {
		return nil, err
	}
	phoneSealed, err := seal(cipher, "users", "phone", state.ID.ID, state.Phone.Secret)
	if err != nil {
		return nil, err
	}
	phoneIndex, err := indexes(cipher, "users", "phone", state.Phone.Secret)
	if err != nil {
		return nil, err
	}
	username := state.Username.String()
	return []any{
		nullable(username), nullable(fold(username)), emailSealed, emailIndex.first, emailIndex.second,
		phoneSealed, phoneIndex.first, phoneIndex.second,
		state.Nickname.String(), state.AvatarURL.String(), int16(state.Status), isPlain(state),
		w.unit.db.instant(state.DeleteAt),
	}, nil
}

func (w userWriter) addRoles(ctx context.Context, state domain.UserState) error {
	for _, role := range state.Roles {
		if role == domain.RoleUser {
			continue
		}
		if err := w.unit.to.exec(ctx, insertRole, w.unit.db.id(state.ID.ID), string(role)); err != nil {
			return err
		}
	}
	return nil
}

// isPlain reports whether other tables hold one identity of a user at most.
func isPlain(state domain.UserState) bool {
	return len(state.WeChat) <= 1 && len(state.Roles) == 1 && state.Roles[0] == domain.RoleUser
}

// fold takes the case out of a text. Going through upper case joins letters that have two lower ones, as σ and ς.
func fold(text string) string { return strings.ToLower(strings.ToUpper(text)) }

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}
