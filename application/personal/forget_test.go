package personal_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// memories is a stream and what is kept of it, both of which can fail.
type memories struct {
	purged    []domain.UserID
	forgotten []int64
	err       error
}

func (m *memories) Purge(_ context.Context, user domain.UserID) error {
	m.purged = append(m.purged, user)
	return m.err
}

func (m *memories) Forget(_ context.Context, _ domain.UserID, below int64) error {
	m.forgotten = append(m.forgotten, below)
	return m.err
}

func TestDeletedUserIsForgottenUpToTheLastEvent(t *testing.T) {
	t.Parallel()
	user, errDown := domain.UserID{ID: domain.ID{1}}, errors.New("down")
	fails, works := &memories{err: errDown}, &memories{}
	wantError(t, "stream down", personal.NewForget(fails, works).Do(t.Context(), user, 7), errDown)
	wantError(t, "store down", personal.NewForget(works, fails).Do(t.Context(), user, 7), errDown)
	waiting := &memories{err: ports.ErrEventsWait}
	wantError(t, "events wait", personal.NewForget(&memories{}, waiting).Do(t.Context(), user, 7), ports.ErrEventsWait)
	if err := personal.NewForget(works, works).Do(t.Context(), user, 7); err != nil {
		t.Errorf("got error %v", err)
	}
	if !slices.Equal(works.purged, []domain.UserID{user}) || !slices.Equal(works.forgotten, []int64{7, 7}) {
		t.Errorf("got %v and %v, want everything below 7 forgotten twice and the user purged once", works.purged, works.forgotten)
	}
}
