package sqlstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// identityColumns are those that are sealed for an owner.
var identityColumns = []string{"openid", "unionid"}

func TestSwappedOwnersOfIdentitiesAreNoticed(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			one, other := addPerson(t, db, 1, true), addPerson(t, db, 2, true)
			swapOwners(t, db, one.ID, other.ID)
			wantNobodyRead(t, db, one)
			swapOwners(t, db, one.ID, other.ID)
			for _, by := range lookUps {
				if err := by.find(t, NewUsers(db), one); err != nil {
					t.Errorf("%s, swapped back: %v", by.name, err)
				}
			}
		})
	}
}

// swapOwners gives the identity of each of two users to the other.
func swapOwners(t *testing.T, db *DB, one, other domain.UserID) {
	t.Helper()
	rows := []domain.ID{identityRow(t, db, one), identityRow(t, db, other)}
	const give = "UPDATE identities SET user_id = $1 WHERE id = $2"
	mustExec(t, db, give, db.id(other.ID), db.id(rows[0]))
	mustExec(t, db, give, db.id(one.ID), db.id(rows[1]))
}

// wantNobodyRead checks that a user with another's identity is read in no way, and is not said to be unknown either.
func wantNobodyRead(t *testing.T, db *DB, who domain.UserState) {
	t.Helper()
	_, err := NewUsers(db).ByID(t.Context(), who.ID)
	errs := map[string]error{"ByID": err, "ForUpdate": changeUser(t.Context(), db, who.ID)}
	for _, by := range lookUps {
		errs[by.name] = by.find(t, NewUsers(db), who)
	}
	for name, err := range errs {
		if _, answer := errors.AsType[*domain.Error](err); err == nil || answer {
			t.Errorf("%s: got %v, want an internal error", name, err)
		}
	}
}

func TestIdentitySealedByTheReleaseBeforeOpensUntilReencryptionGivesItAnOwner(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			r := newReplica(t, backend.url(t), time.Hour)
			one, other := addPerson(t, r.db, 1, true), addPerson(t, r.db, 2, true)
			for _, who := range []domain.UserState{one, other} {
				sealWithoutOwner(t, r.db, who)
			}
			for n := 1; n <= 2; n++ {
				if _, err := r.find(t.Context(), n); err != nil {
					t.Errorf("sealed without an owner: %v", err)
				}
			}
			addPerson(t, r.db, 3, true) // whose identity has an owner
			if changed := bringAll(t, r.rows); changed != 2 {
				t.Errorf("re-encrypt with the same key: changed %d rows, want the two without an owner", changed)
			}
			if changed := bringAll(t, r.rows); changed != 0 {
				t.Errorf("once more: changed %d rows, want none", changed)
			}
			wantOwned(t, r.db, one)
			wantOwned(t, r.db, other)
			for n := 1; n <= 3; n++ {
				if _, err := r.find(t.Context(), n); err != nil {
					t.Errorf("re-encrypted: %v", err)
				}
			}
			swapOwners(t, r.db, one.ID, other.ID)
			wantNobodyRead(t, r.db, one)
		})
	}
}

func TestIdentityThatGoesToAnotherUserIsSealedForThem(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			goes, stays := addPerson(t, db, 1, true), register(t, db).State()
			sealWithoutOwner(t, db, goes)
			err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				loser, err := tx.Users().ForUpdate(ctx, goes.ID)
				if err != nil {
					return err
				}
				winner, err := tx.Users().ForUpdate(ctx, stays.ID)
				if err != nil {
					return err
				}
				state := winner.State()
				state.WeChat, state.Version = loser.State().WeChat, state.Version+1
				return errors.Join(tx.Users().Remove(ctx, goes.ID), tx.Users().Save(ctx, domain.RestoreUser(state)))
			})
			if err != nil {
				t.Fatal(err)
			}
			stays.WeChat = goes.WeChat
			wantOwned(t, db, stays)
			found, err := NewUsers(db).ByWeChat(t.Context(), goes.WeChat[0].AppID, goes.WeChat[0].OpenID)
			if err != nil || found.ID() != stays.ID {
				t.Errorf("by openid: got %v, %v, want %s", found, err, stays.ID)
			}
		})
	}
}

// sealWithoutOwner makes the identity of a user what a release before would have stored.
func sealWithoutOwner(t *testing.T, db *DB, who domain.UserState) {
	t.Helper()
	row := identityRow(t, db, who.ID)
	plain := []domain.Secret{who.WeChat[0].OpenID.Secret, who.WeChat[0].UnionID.Secret}
	for i, column := range identityColumns {
		sealed, err := db.cipher.Seal(identityField(column, row, domain.UserID{}), plain[i])
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, "UPDATE identities SET "+column+"_sealed = $1 WHERE id = $2", sealed, db.id(row))
	}
}

// wantOwned checks that the identity of a user opens with its owner alone.
func wantOwned(t *testing.T, db *DB, who domain.UserState) {
	t.Helper()
	row := identityRow(t, db, who.ID)
	for _, column := range identityColumns {
		var sealed []byte
		if err := scanOne(t.Context(), db, &sealed, "SELECT "+column+"_sealed FROM identities WHERE id = $1", db.id(row)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.cipher.Open(identityField(column, row, who.ID), sealed); err != nil {
			t.Errorf("%s with its owner: %v", column, err)
		}
		if _, err := db.cipher.Open(identityField(column, row, domain.UserID{}), sealed); err == nil {
			t.Errorf("%s opens without its owner", column)
		}
	}
}

// bringAll goes through every table once, and returns how many rows it changed.
func bringAll(t *testing.T, sealed *SealedRows) (changed int) {
	t.Helper()
	for at, end := (ports.RowPlace{}), false; !end; {
		brought, err := sealed.Bring(t.Context(), at, 100)
		if err != nil || brought.Broken+brought.Left > 0 {
			t.Fatalf("re-encrypt: got %+v, %v", brought, err)
		}
		changed, at, end = changed+brought.Changed, brought.Next, brought.End
	}
	return changed
}
