package account_test

import (
	"errors"
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
)

func TestShow(t *testing.T) {
	t.Parallel()
	store := memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{})
	id := domain.UserID{ID: domain.ID{1}}
	show := account.NewShow(store)
	if _, err := show.Do(t.Context(), id); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("somebody gone: got %v, want %v", err, domain.ErrSessionEnded)
	}
	store.Put(domain.RestoreUser(domain.UserState{ID: id, Status: domain.StatusActive}))
	if user, err := show.Do(t.Context(), id); err != nil || user.ID() != id {
		t.Errorf("got %v (%v)", user, err)
	}
	store.Break(domain.ErrUnavailable)
	if _, err := show.Do(t.Context(), id); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("store out of reach: got %v, want %v", err, domain.ErrUnavailable)
	}
}
