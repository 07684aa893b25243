package sqlstore

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestChangeOfAUserThatMovedOnIsALostUpdate(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			user := register(t, db)
			err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				changed, err := tx.Users().ForUpdate(ctx, user.ID())
				if err != nil {
					return err
				}
				tx.(*unit).held[user.ID()] = held{version: 99} // what a row that was not locked would amount to
				changed.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stampNow())
				return tx.Users().Save(ctx, changed)
			})
			if !errors.Is(err, errLostUpdate) {
				t.Errorf("got error %v, want %v", err, errLostUpdate)
			}
			got, err := NewUsers(db).ByID(t.Context(), user.ID())
			if err != nil || got.State().Version != 1 {
				t.Errorf("user afterwards: got %+v, error %v, want version 1", got, err)
			}
		})
	}
}

func TestUserThatIsNotLockedIsNeitherSavedNorGivenEvents(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			user := register(t, db)
			event := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, stampNow())
			for what, step := range map[string]func(ctx context.Context, tx ports.Tx) error{
				"Save":   func(ctx context.Context, tx ports.Tx) error { return tx.Users().Save(ctx, user) },
				"Append": func(ctx context.Context, tx ports.Tx) error { return tx.Outbox().Append(ctx, event) },
			} {
				if err := db.InTx(t.Context(), step); !errors.Is(err, errNotLocked) {
					t.Errorf("%s: got error %v, want %v", what, err, errNotLocked)
				}
			}
		})
	}
}

func TestFieldMovedToAnotherRowDoesNotOpen(t *testing.T) {
	t.Parallel()
	db := openDB(t, Options{URL: postgres.url(t)})
	first, second := register(t, db), register(t, db)
	const move = `UPDATE identities SET openid_sealed = (SELECT openid_sealed FROM identities WHERE user_id = ?) WHERE user_id = ?`
	if _, err := db.bun.ExecContext(t.Context(), move, first.ID().String(), second.ID().String()); err != nil {
		t.Fatal(err)
	}
	if user, err := NewUsers(db).ByID(t.Context(), second.ID()); err == nil {
		t.Errorf("got user %v, want an error", user.ID())
	}
}

func TestShardOfAUserNeverChanges(t *testing.T) {
	t.Parallel()
	id, err := domain.ParseUserID("01890a5d-ac96-774b-bcce-b302099a8057")
	if err != nil {
		t.Fatal(err)
	}
	for shards, want := range map[int]int16{1: 0, 4: 3, 16: 3} {
		if got := shardOf(id, shards); got != want {
			t.Errorf("shard of %d: got %d, want %d", shards, got, want)
		}
	}
}

func TestTransactionGoesOnAfterAUserWasNotFound(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			user, event := newUser(t)
			err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				if _, err := tx.Users().ForUpdate(ctx, user.ID()); !errors.Is(err, domain.ErrUserNotFound) {
					t.Errorf("ForUpdate: got error %v, want %v", err, domain.ErrUserNotFound)
				}
				if err := tx.Users().Add(ctx, user); err != nil {
					return err
				}
				return tx.Outbox().Append(ctx, event)
			})
			if err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if _, err := NewUsers(db).ByID(t.Context(), user.ID()); err != nil {
				t.Errorf("user afterwards: %v", err)
			}
		})
	}
}

func TestUserWhoIsNotPlainIsReadWhole(t *testing.T) {
	t.Parallel()
	for _, on := range backends {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: on.url(t)})
			first, _ := newUser(t)
			other, _ := newUser(t)
			state := first.State()
			state.WeChat = append(state.WeChat, other.State().WeChat...)
			for _, change := range []func(){
				func() {}, func() { state.Roles = []domain.Role{domain.RoleAdmin, domain.RoleUser} }, // two identities
				func() { state.WeChat = state.WeChat[:1] }, // a role
			} {
				change()
				state.ID = domain.UserID{ID: newID()}
				for i := range state.WeChat {
					state.WeChat[i].AppID = domain.AppID("wx" + newID().String())
				}
				if err := add(t.Context(), db, domain.RestoreUser(state)); err != nil {
					t.Fatal(err)
				}
				last := state.WeChat[len(state.WeChat)-1]
				for name, read := range map[string]func() (*domain.User, error){
					"ByID":     func() (*domain.User, error) { return NewUsers(db).ByID(t.Context(), state.ID) },
					"ByWeChat": func() (*domain.User, error) { return NewUsers(db).ByWeChat(t.Context(), last.AppID, last.OpenID) },
				} {
					user, err := read()
					if err != nil {
						t.Fatal(err)
					}
					if got := user.State(); len(got.WeChat) != len(state.WeChat) || !slices.Equal(got.Roles, state.Roles) {
						t.Errorf("%s: got %d identities and roles %v, want %d and %v",
							name, len(got.WeChat), got.Roles, len(state.WeChat), state.Roles)
					}
				}
			}
		})
	}
}
