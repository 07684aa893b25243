package personal_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

var anyNote = &update.Note{Action: domain.AuditDelete, Detail: "test"}

const month = 30 * 24 * time.Hour

func (b *bundle) delete(t *testing.T, p person, coolingOff time.Duration) {
	t.Helper()
	uc := personal.NewDelete(b.users(), b.ender(), b.eraser(), personal.CoolingOff(coolingOff))
	if err := uc.Do(t.Context(), p.Caller); err != nil {
		t.Fatalf("delete: %v", err)
	}
}

// run lets an eraser look once.
func (b *bundle) run(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.eraser().Run(ctx) }()
		synctest.Wait() // until it waits for the next minute
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

func (b *bundle) wantGone(t *testing.T, p person) {
	t.Helper()
	if _, err := b.store.ByID(t.Context(), p.UserID); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("by id: got error %v, want %v", err, domain.ErrUserNotFound)
	}
	if _, err := b.store.ByWeChat(t.Context(), app, p.openID); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("by openid: got error %v, want %v", err, domain.ErrUserNotFound)
	}
	if sessions := b.sessions.Of(p.UserID); len(sessions) != 0 {
		t.Errorf("sessions: got %+v, want none", sessions)
	}
	for _, entry := range b.store.AuditEntries() {
		if entry.Actor.UserID == p.UserID || entry.Target == p.UserID || entry.IP != "" || entry.RequestID != "" {
			t.Errorf("audit entry leads to the user: %+v", entry)
		}
	}
}

func TestDeletionWithoutCoolingOffErasesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	b.open(t, &li, app) // a second session
	b.phones.Grant("code", li.openID, phone(t, number))
	if _, err := b.bindPhone().Do(t.Context(), li.Caller, byCode("code")); err != nil {
		t.Fatal(err)
	}
	b.delete(t, li, 0)
	b.wantGone(t, li)
	b.wantEvents(t, domain.PhoneBound{}, domain.SessionEnded{Reason: domain.EndedByDeletion}, domain.Deleted{})
	entries := b.store.AuditEntries()
	if len(entries) != 2 || entries[0].Action != domain.AuditPhoneBind || entries[1].Action != domain.AuditDelete {
		t.Fatalf("audit log: got %+v, want the bind and the deletion", entries)
	}
	pseudonym := entries[0].Target
	if entries[1].Target != pseudonym || entries[1].Actor.UserID != pseudonym || pseudonym.ID[6]>>4 != 4 {
		t.Errorf("audit log: got %+v, want one random pseudonym", entries)
	}
	b.wantResets(t, "o-li")
	again := b.signIn(t, "o-li", app)
	if again.UserID == li.UserID {
		t.Error("the openid registers under the old id")
	}
	b.delete(t, li, 0) // twice is no error
}

func TestDeletionWaitsForTheCoolingOff(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	asked := b.now()
	b.delete(t, li, month)
	if state := b.state(t, li); !state.DeleteAt.Equal(asked.Add(month)) || len(b.sessions.Of(li.UserID)) != 0 {
		t.Errorf("got %+v, want the deletion a month after %s and no session", state, asked)
	}
	b.wantResets(t, "o-li")
	b.wantAudit(t, li, domain.AuditEntry{Action: domain.AuditDeletionWish})
	b.wantEvents(t, domain.SessionEnded{Reason: domain.EndedByDeletion})
	b.advance(month - time.Microsecond)
	b.run(t)
	b.state(t, li)
	b.advance(time.Microsecond)
	b.alter(t, li, func(state *domain.UserState) { state.Status = domain.StatusLocked }) // makes no difference
	b.run(t)
	b.wantGone(t, li)
	b.state(t, wang)
	ended := domain.SessionEnded{Reason: domain.EndedByDeletion}
	b.wantEvents(t, ended, ended, domain.Deleted{})
}

func TestWhoSignedInMeanwhileIsNotErased(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	b.delete(t, li, month)
	b.advance(month)
	signedIn := &duringLook{b.store, func() {
		b.open(t, &li, app)
		b.alter(t, li, func(state *domain.UserState) { state.DeleteAt = time.Time{} })
	}}
	b.queue = signedIn
	b.run(t)
	b.state(t, li)
	b.wantResets(t, "o-li") // by the request, and none of the key they have now
}

func TestErasuresAtTheSameTimeAreOne(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := b.eraser().Erase(t.Context(), li.UserID, anyNote); err != nil {
				t.Errorf("erase: %v", err)
			}
		})
	}
	group.Wait()
	b.wantGone(t, li)
	b.wantEvents(t, domain.SessionEnded{Reason: domain.EndedByDeletion}, domain.Deleted{})
	if entries := b.store.AuditEntries(); len(entries) != 1 || entries[0].Detail != "test" || !entries[0].Actor.UserID.IsZero() {
		t.Errorf("audit log: got %+v, want one entry, of the actor given", entries)
	}
}

func TestDeletionDoesNotWaitForWeChat(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	b.replaceKey(wang) // a key that is useless already is no news
	b.delete(t, wang, 0)
	if b.log.contains("reset") {
		t.Errorf("log: %s", b.log.buf.String())
	}
	b.keys.Break(domain.ErrWeChatTimeout)
	b.delete(t, li, 0)
	b.wantGone(t, li)
	if !b.log.contains("cannot all be reset") || b.log.contains("o-li") {
		t.Errorf("log: got %s, want a warning that names nobody", b.log.buf.String())
	}
}

func TestLastAdministratorMayGo(t *testing.T) {
	t.Parallel()
	b := setup()
	admins := []person{b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)}
	for i, admin := range admins {
		b.alter(t, admin, func(state *domain.UserState) { state.Roles = []domain.Role{domain.RoleAdmin, domain.RoleUser} })
		if i > 0 {
			b.delete(t, admin, 0)
		}
	}
	if b.log.contains("last administrator") {
		t.Error("warned of the first of two")
	}
	b.delete(t, admins[0], 0)
	if !b.log.contains("last administrator") {
		t.Error("got no warning")
	}
}

func TestFailedErasureChangesNothingAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	b.delete(t, li, month)
	b.advance(month)
	b.store.Break(fmt.Errorf("%w: refused", domain.ErrUnavailable))
	if err := b.eraser().Erase(t.Context(), li.UserID, anyNote); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("got error %v, want %v", err, domain.ErrUnavailable)
	}
	b.run(t)
	if !b.log.contains("cannot be looked up") {
		t.Error("got no warning")
	}
	b.store.Break(nil)
	b.state(t, li)
	b.run(t)
	b.wantGone(t, li)
}
