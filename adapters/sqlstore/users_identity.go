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
			row, _, args, err := w.identityRow(state.ID, identity)
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
		row, unionID, args, err := w.identityRow(state.ID, identity)
		if err != nil {
			return nil, err
		}
		if unionID.first == nil {
			err = w.unit.to.exec(ctx, insertIdentity, args...)
		} else {
			err = w.insertNewIdentity(ctx, unionID, args)
		}
		if err != nil {
			return nil, err
		}
		added = append(added, storedIdentity{row, identity})
	}
	return added, nil
}

// insertNewIdentity locks by both digests while the index key is replaced: of two replicas that know neighbouring steps of
// the change, one of their digests is the same.
func (w userWriter) insertNewIdentity(ctx context.Context, unionID indexColumns, args []any) error {
	statement := insertNewIdentity
	digests := []any{unionID.first}
	if unionID.second != nil {
		statement = insertNewIdentityNext
		digests = append(digests, unionID.second)
	}
	if w.unit.db.isPostgres() { // SQLite has one writer
		for _, digest := range digests {
			if err := w.unit.to.exec(ctx, lockUnionID, digest); err != nil {
				return err
			}
		}
	}
	return w.unit.to.execOne(ctx, domain.ErrWeChatTaken, statement, args...)
}

// identityRow makes the arguments of insertIdentity, and the index of the unionid among them.
func (w userWriter) identityRow(
	user domain.UserID, identity domain.WeChatIdentity,
) (row domain.ID, unionID indexColumns, args []any, err error) {
	raw, err := uuid.NewV7()
	if err != nil {
		return row, unionID, nil, err
	}
	row, cipher := domain.ID(raw), w.unit.db.cipher
	openIDSealed, err := sealField(cipher, identityField("openid", row, user), identity.OpenID.Secret)
	if err != nil {
		return row, unionID, nil, err
	}
	openID, err := indexes(cipher, "identities", "openid", identity.OpenID.Secret)
	if err != nil {
		return row, unionID, nil, err
	}
	unionIDSealed, unionID, err := w.unionID(user, row, identity.UnionID)
	if err != nil {
		return row, unionID, nil, err
	}
	return row, unionID, []any{
		w.unit.db.id(user.ID), w.unit.db.id(row), string(identity.AppID),
		openIDSealed, openID.first, openID.second, unionIDSealed, unionID.first, unionID.second,
		w.unit.db.instant(identity.LinkedAt),
	}, nil
}

func (w userWriter) updateUnionID(ctx context.Context, user domain.UserID, row domain.ID, unionID domain.UnionID) error {
	sealed, found, err := w.unionID(user, row, unionID)
	if err != nil {
		return err
	}
	return w.unit.to.exec(ctx, updateUnionID, w.unit.db.id(user.ID), w.unit.db.id(row), sealed, found.first, found.second)
}

func (w userWriter) unionID(
	user domain.UserID, row domain.ID, unionID domain.UnionID,
) (sealed any, found indexColumns, err error) {
	cipher := w.unit.db.cipher
	if sealed, err = sealField(cipher, identityField("unionid", row, user), unionID.Secret); err != nil {
		return nil, found, err
	}
	found, err = indexes(cipher, "identities", "unionid", unionID.Secret)
	return sealed, found, err
}
