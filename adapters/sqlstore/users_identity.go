package sqlstore

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/domain"
)

// saveIdentities brings the table from what it says to what the state says, and returns that. Rows of identities that stay are
// kept; the rows of those that go are deleted first, as one that comes may differ from it by its owner alone.
func (w userWriter) saveIdentities(
	ctx context.Context, state domain.UserState, before []storedIdentity,
) (after []storedIdentity, err error) {
	user := w.unit.db.id(state.ID.ID)
	for _, stored := range before {
		if slices.ContainsFunc(state.WeChat, stored.same) {
			continue
		}
		if err := w.unit.to.exec(ctx, deleteIdentity, user, w.unit.db.id(stored.row)); err != nil {
			return nil, err
		}
	}
	for _, identity := range state.WeChat {
		i := slices.IndexFunc(before, func(stored storedIdentity) bool { return stored.same(identity) })
		if i < 0 {
			row, args, err := w.identityRow(state.ID, identity)
			if err != nil {
				return nil, err
			}
			if err := w.unit.to.exec(ctx, insertIdentity, args...); err != nil {
				return nil, err
			}
			after = append(after, storedIdentity{row, identity})
			continue
		}
		if !before[i].UnionID.Equal(identity.UnionID.Secret) {
			if err := w.updateUnionID(ctx, state.ID, before[i].row, identity.UnionID); err != nil {
				return nil, err
			}
		}
		after = append(after, storedIdentity{before[i].row, identity})
	}
	return after, nil
}

// same reports whether a row is of the identity, whatever is known besides.
func (s storedIdentity) same(identity domain.WeChatIdentity) bool {
	return s.AppID == identity.AppID && s.OpenID.Equal(identity.OpenID.Secret)
}

// addIdentities keeps those of a new user, who must not be known by a unionid already.
func (w userWriter) addIdentities(ctx context.Context, state domain.UserState) (added []storedIdentity, err error) {
	for _, identity := range state.WeChat {
		row, args, err := w.identityRow(state.ID, identity)
		if err != nil {
			return nil, err
		}
		if identity.UnionID.IsZero() {
			err = w.unit.to.exec(ctx, insertIdentity, args...)
		} else {
			err = w.insertNewIdentity(ctx, identity.UnionID, args)
		}
		if err != nil {
			return nil, err
		}
		added = append(added, storedIdentity{row, identity})
	}
	return added, nil
}

func (w userWriter) insertNewIdentity(ctx context.Context, unionID domain.UnionID, args []any) error {
	if w.unit.db.isPostgres() { // SQLite has one writer
		digest, err := index(w.unit.db.cipher, "identities", "unionid", unionID.Secret)
		if err != nil {
			return err
		}
		if err := w.unit.to.exec(ctx, lockUnionID, digest); err != nil {
			return err
		}
	}
	return w.unit.to.execOne(ctx, domain.ErrWeChatTaken, insertNewIdentity, args...)
}

// identityRow makes the arguments of insertIdentity.
func (w userWriter) identityRow(user domain.UserID, identity domain.WeChatIdentity) (row domain.ID, args []any, err error) {
	raw, err := uuid.NewV7()
	if err != nil {
		return row, nil, err
	}
	row, cipher := domain.ID(raw), w.unit.db.cipher
	openIDSealed, err := seal(cipher, "identities", "openid", row, identity.OpenID.Secret)
	if err != nil {
		return row, nil, err
	}
	openIDIndex, err := index(cipher, "identities", "openid", identity.OpenID.Secret)
	if err != nil {
		return row, nil, err
	}
	unionIDSealed, unionIDIndex, err := w.unionID(row, identity.UnionID)
	if err != nil {
		return row, nil, err
	}
	return row, []any{
		w.unit.db.id(user.ID), w.unit.db.id(row), string(identity.AppID), openIDSealed, openIDIndex, unionIDSealed, unionIDIndex,
		w.unit.db.instant(identity.LinkedAt),
	}, nil
}

func (w userWriter) updateUnionID(ctx context.Context, user domain.UserID, row domain.ID, unionID domain.UnionID) error {
	sealed, digest, err := w.unionID(row, unionID)
	if err != nil {
		return err
	}
	return w.unit.to.exec(ctx, updateUnionID, w.unit.db.id(user.ID), w.unit.db.id(row), sealed, digest)
}

func (w userWriter) unionID(row domain.ID, unionID domain.UnionID) (sealed, digest any, err error) {
	cipher := w.unit.db.cipher
	if sealed, err = seal(cipher, "identities", "unionid", row, unionID.Secret); err != nil {
		return nil, nil, err
	}
	digest, err = index(cipher, "identities", "unionid", unionID.Secret)
	return sealed, digest, err
}
