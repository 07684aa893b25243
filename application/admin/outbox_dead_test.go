package admin_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// lookedUp are dead letters of which nobody may read more than one.
type lookedUp struct{ ports.DeadLetters }

func (d lookedUp) Dead(ctx context.Context, filter ports.DeadLetterFilter, after int64, limit int) ([]ports.DeadLetter, error) {
	if filter.Event.IsZero() || limit > 1 {
		return nil, errors.New("one letter was to be looked up, and others were read")
	}
	return d.DeadLetters.Dead(ctx, filter, after, limit)
}

func TestDecisionReadsOneDeadLetterAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	uc := admin.NewOutbox(b.store, lookedUp{b.store}, b.store, b.store, func() time.Time { return start }, b.newID)
	first, second := b.bury(t, b.user.UserID), b.bury(t, b.support.UserID)
	if err := uc.Retry(t.Context(), b.boss, second); err != nil {
		t.Errorf("retry: %v", err)
	}
	if err := uc.Discard(t.Context(), b.boss, first, "of no use"); err != nil {
		t.Errorf("discard: %v", err)
	}
}

func TestAllDeadLettersAreRetriedSoManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const letters, bound = 503, 500
	for i := range letters {
		b.bury(t, b.actor(t, "person"+strconv.Itoa(i)).UserID)
	}
	uc := b.outbox()
	first, err := uc.RetryAll(t.Context(), b.boss, 0)
	if err != nil || first.Count != bound || first.Next == 0 {
		t.Fatalf("first call: got %+v, error %v, want %d and some left", first, err, bound)
	}
	if got, err := uc.RetryAll(t.Context(), b.boss, first.Next); err != nil || got != (admin.Retried{Count: letters - bound}) {
		t.Errorf("second call: got %+v, error %v, want %d and none left", got, err, letters-bound)
	}
}

// failing are dead letters of which the first is retried, and no more.
type failing struct {
	ports.DeadLetters
	tried int
}

func (d *failing) Retry(ctx context.Context, event domain.EventID, note domain.AuditEntry) error {
	if d.tried++; d.tried > 1 {
		return domain.ErrUnavailable
	}
	return d.DeadLetters.Retry(ctx, event, note)
}

func TestRetryOfAllThatFailsTellsWhatWasDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.bury(t, b.user.UserID)
	b.bury(t, b.support.UserID)
	uc := admin.NewOutbox(b.store, &failing{DeadLetters: b.store}, b.store, b.store, func() time.Time { return start }, b.newID)
	got, err := uc.RetryAll(t.Context(), b.boss, 0)
	wantError(t, "retry all", err, domain.ErrUnavailable)
	if got.Count != 1 {
		t.Errorf("retried: got %+v, want one", got)
	}
}

// buryOf makes a dead letter of an event.
func (b *bundle) buryOf(t *testing.T, event domain.Event) domain.EventID {
	t.Helper()
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, event.UserID); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, event)
	})
	if err == nil {
		err = b.store.Bury(t.Context(), event.ID, "too large", start)
	}
	if err != nil {
		t.Fatal(err)
	}
	return event.ID
}

func TestEventThatTellsOfADeletionIsNotDiscarded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.buryOf(t, domain.Event{
		ID: domain.EventID{ID: b.newID()}, Type: domain.EventDeleted, UserID: b.user.UserID, Version: 9, At: start, Facts: domain.Deleted{},
	})
	uc := b.outbox()
	err := uc.Discard(t.Context(), b.boss, event, "of no use")
	wantError(t, "discard", err, domain.ErrInvalidArgument)
	if refused, ok := errors.AsType[*domain.Error](err); !ok || len(refused.Violations) != 1 || refused.Violations[0].Field != "event_id" {
		t.Errorf("got error %#v, want one violation by the event", err)
	}
	if letters, err := uc.Dead(t.Context(), b.boss, ports.DeadLetterFilter{Event: event}, 0, 1); err != nil || len(letters) != 1 {
		t.Errorf("dead letters: got %v, error %v, want it undecided", letters, err)
	}
	if err := uc.Retry(t.Context(), b.boss, event); err != nil {
		t.Errorf("retry: %v", err)
	}
}

func TestEventIsAboutItsUserOrWhomItsHeaderNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event, user := domain.EventID{ID: b.newID()}, domain.UserID{ID: b.newID()}
	for name, test := range map[string]struct {
		user    domain.UserID
		headers map[string]string
		want    domain.UserID
	}{
		"of a user":                    {user: user, want: user},
		"pushed about a user":          {domain.UserID(event), map[string]string{ports.HeaderUserID: user.String()}, user},
		"pushed about nobody known":    {user: domain.UserID(event)},
		"pushed with a name of no one": {domain.UserID(event), map[string]string{ports.HeaderUserID: "x"}, domain.UserID{}},
	} {
		if got := admin.About(ports.Message{ID: event, UserID: test.user, Headers: test.headers}); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
