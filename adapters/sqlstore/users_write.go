package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

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
		for _, identity := range state.WeChat {
			if err := w.addIdentity(ctx, state.ID, identity); err != nil {
				return err
			}
		}
		w.unit.held[state.ID] = held{version: state.Version, roles: state.Roles}
		return w.addRoles(ctx, state)
	})
}

func (w userWriter) ForUpdate(ctx context.Context, id domain.UserID) (*domain.User, error) {
	user, missing := (*domain.User)(nil), false
	err := w.unit.do("lock user", func() error {
		if w.unit.db.isPostgres() {
			if err := w.unit.to.exec(ctx, lockUser, w.unit.db.id(id.ID)); err != nil {
				return err
			}
		}
		return w.unit.to.query(ctx, func(found rows) (err error) {
			user, err = readUser(w.unit.db.cipher, found)
			if missing = errors.Is(err, domain.ErrUserNotFound); missing {
				return nil // an answer, after which the transaction may go on
			}
			return err
		}, wholeUser, w.unit.db.id(id.ID))
	})
	if err != nil {
		return nil, err
	}
	if missing {
		return nil, fmt.Errorf("lock user: %w", domain.ErrUserNotFound)
	}
	state := user.State()
	w.unit.held[id] = held{version: state.Version, roles: state.Roles}
	return user, nil
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
		if err := w.unit.to.execOne(ctx, updateUser, args...); err != nil {
			return err
		}
		w.unit.held[state.ID] = held{version: state.Version, roles: state.Roles}
		if slices.Equal(before.roles, state.Roles) {
			return nil
		}
		if err := w.unit.to.exec(ctx, deleteRoles, w.unit.db.id(state.ID.ID)); err != nil {
			return err
		}
		return w.addRoles(ctx, state)
	})
}

// fields are the columns that insertUser and updateUser share, in their order.
func (w userWriter) fields(state domain.UserState) ([]any, error) {
	cipher := w.unit.db.cipher
	emailSealed, err := seal(cipher, "users", "email", state.ID.ID, state.Email.Secret)
	if err != nil {
		return nil, err
	}
	emailIndex, err := index(cipher, "users", "email", domain.NewSecret(fold(state.Email.Reveal())))
	if err != nil {
		return nil, err
	}
	phoneSealed, err := seal(cipher, "users", "phone", state.ID.ID, state.Phone.Secret)
	if err != nil {
		return nil, err
	}
	phoneIndex, err := index(cipher, "users", "phone", state.Phone.Secret)
	if err != nil {
		return nil, err
	}
	username := state.Username.String()
	return []any{
		nullable(username), nullable(fold(username)), emailSealed, emailIndex, phoneSealed, phoneIndex,
		state.Nickname.String(), state.AvatarURL.String(), int16(state.Status), isPlain(state),
	}, nil
}

func (w userWriter) addIdentity(ctx context.Context, user domain.UserID, identity domain.WeChatIdentity) error {
	raw, err := uuid.NewV7()
	if err != nil {
		return err
	}
	id, cipher := domain.ID(raw), w.unit.db.cipher
	openIDSealed, err := seal(cipher, "identities", "openid", id, identity.OpenID.Secret)
	if err != nil {
		return err
	}
	openIDIndex, err := index(cipher, "identities", "openid", identity.OpenID.Secret)
	if err != nil {
		return err
	}
	unionIDSealed, err := seal(cipher, "identities", "unionid", id, identity.UnionID.Secret)
	if err != nil {
		return err
	}
	unionIDIndex, err := index(cipher, "identities", "unionid", identity.UnionID.Secret)
	if err != nil {
		return err
	}
	return w.unit.to.exec(ctx, insertIdentity, w.unit.db.id(user.ID), w.unit.db.id(id), string(identity.AppID),
		openIDSealed, openIDIndex, unionIDSealed, unionIDIndex, w.unit.db.instant(identity.LinkedAt))
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

// isPlain reports whether one identity is all that other tables hold of a user. Whoever saves a user without its identities
// has it read whole from then on.
func isPlain(state domain.UserState) bool {
	return len(state.WeChat) == 1 && len(state.Roles) == 1 && state.Roles[0] == domain.RoleUser
}

// fold takes the case out of a text. Going through upper case joins letters that have two lower ones, as σ and ς.
func fold(text string) string { return strings.ToLower(strings.ToUpper(text)) }

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}
