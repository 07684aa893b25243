package push_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/domain"
)

func TestMessageTakenInTenTimesAtOnceActsOnce(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]int{
		"user_authorization_revoke": 2, "user_info_modified": 1, "user_authorization_cancellation": 3, "debug_demo": 1,
	} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			b := setup()
			b.person(t, openID)
			m := message(event)
			m.RevokeInfo = "301"
			var wait sync.WaitGroup
			errs := make([]error, 10)
			for i := range errs {
				wait.Go(func() {
					copied := m
					if i%2 == 0 {
						copied.Delivery = [32]byte{byte(i + 1)} // the same message under several signatures
					}
					errs[i] = b.take.Do(t.Context(), copied)
				})
			}
			wait.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Errorf("take: %v", err)
			}
			if got := len(b.store.Events()); got != want {
				t.Errorf("got %d events, want %d", got, want)
			}
			if got := len(b.eraser.asked); got > 1 {
				t.Errorf("erased %d times, want once at most", got)
			}
		})
	}
}

func TestSignatureThatCoversNothingIsGoodForOneMessage(t *testing.T) {
	t.Parallel()
	nobody := revocation("8")
	nobody.OpenID = domain.NewSecret("o-unknown")
	first := map[string]push.Message{
		"event": message("debug_demo"), "revocation of what is not kept": revocation("4"), "text": {App: app, Type: "text"},
		"message for nobody known": nobody,
	}
	for what, m := range first {
		t.Run("after "+what, func(t *testing.T) {
			t.Parallel()
			b := setup()
			id := b.person(t, openID)
			m.Delivery = [32]byte{1}
			b.do(t, m)
			before := len(b.store.Events())
			for _, event := range []string{"user_authorization_revoke", "user_authorization_cancellation", "other_event"} {
				forged := message(event)
				forged.Delivery, forged.RevokeInfo = m.Delivery, "301"
				b.do(t, forged)
			}
			if got := b.known(t, id); len(got) != 4 || len(b.store.Events()) != before || len(b.eraser.asked) != 0 {
				t.Errorf("forged messages under the same signature had an effect: known %v, events %v", got, b.store.Events())
			}
			honest := revocation("301")
			honest.Delivery = [32]byte{2}
			b.do(t, honest)
			if got := b.known(t, id); len(got) != 0 {
				t.Errorf("the next message: got %v known, want nothing", got)
			}
		})
	}
}

func TestCancellationErasesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	for range 2 {
		b.do(t, message("user_authorization_cancellation"))
	}
	if _, err := b.store.ByID(t.Context(), id); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("user: got error %v, want %v", err, domain.ErrUserNotFound)
	}
	if !slices.Equal(b.eraser.asked, []domain.UserID{id}) {
		t.Errorf("erased: got %v, want %v once", b.eraser.asked, id)
	}
	note := b.eraser.notes[0]
	if note.Action != domain.AuditDelete || note.Actor.UserID != id || note.Detail != "user_authorization_cancellation" {
		t.Errorf("note: got %+v", note)
	}
	if entries := b.store.AuditEntries(); len(entries) != 0 {
		t.Errorf("audit log: got %+v, want nothing but what the eraser notes", entries)
	}
	ended := domain.SessionEnded{Reason: domain.EndedByDeletion}
	b.wantEvents(t, ended, ended, domain.Deleted{})
}

func TestCancellationThatFailsHalfwayIsDueAtOnce(t *testing.T) {
	t.Parallel()
	b := setup()
	id := b.person(t, openID)
	b.eraser.fault = domain.ErrUnavailable
	if err := b.take.Do(t.Context(), message("user_authorization_cancellation")); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got error %v, want %v", err, domain.ErrUnavailable)
	}
	user, err := b.store.ByID(t.Context(), id)
	if err != nil || !user.DeletionDue(start) {
		t.Errorf("user: got %v (%v), want one who is due for deletion", user, err)
	}
	b.do(t, message("user_authorization_cancellation"))
}

func TestWhatPeopleWriteIsNotPublished(t *testing.T) {
	t.Parallel()
	b := setup()
	b.person(t, openID)
	for _, kind := range []string{"text", "image", "miniprogrampage", "transfer_customer_service", ""} {
		b.do(t, push.Message{App: app, Type: kind, OpenID: domain.NewSecret(openID), Content: map[string]any{"Content": "hello"}})
	}
	b.do(t, push.Message{App: app, Type: "text", Event: "user_authorization_cancellation", OpenID: domain.NewSecret(openID)})
	b.wantEvents(t)
	if len(b.eraser.asked) != 0 {
		t.Error("a text deleted somebody")
	}
}
