package sqlstore

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestRowOfAnIdentityThatStaysIsKept(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			user := register(t, db)
			known := user.State().WeChat[0]
			before := identityRows(t, db)
			other, _ := newUser(t)
			known.UnionID, _ = domain.NewUnionID("u-learnt-late")
			err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				user, err := tx.Users().ForUpdate(ctx, user.ID())
				if err != nil {
					return err
				}
				user.LearnUnionID(known)
				user.LinkWeChat(other.State().WeChat[0], stampNow())
				return tx.Users().Save(ctx, user)
			})
			if err != nil {
				t.Fatal(err)
			}
			after := identityRows(t, db)
			if len(before) != 1 || len(after) != 2 || after[0] != before[0] {
				t.Errorf("rows: got %v before and %v after, want the first kept and one more", before, after)
			}
			found, err := NewUsers(db).ByUnionID(t.Context(), known.UnionID)
			if err != nil || len(found) != 1 || !found[0].State().WeChat[0].UnionID.Equal(known.UnionID.Secret) {
				t.Errorf("user by the unionid learnt: got %v, error %v", found, err)
			}
		})
	}
}

// identityRows returns the ids of all of them, in the order in which they were made.
func identityRows(t *testing.T, db *DB) (ids []domain.ID) {
	t.Helper()
	err := db.query(t.Context(), func(found rows) error {
		for found.Next() {
			var id idColumn
			if err := found.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, domain.ID(id))
		}
		return nil
	}, "SELECT id FROM identities ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
