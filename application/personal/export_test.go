package personal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func (b *bundle) export() *personal.Export {
	return personal.NewExport(b.users(), b.sessions, b.store, b.store, b.limiter, b.now)
}

// note puts an entry into the audit log.
func (b *bundle) note(t *testing.T, actor, target domain.UserID, action domain.AuditAction) {
	t.Helper()
	entry := domain.AuditEntry{
		ID: b.newID(), At: b.now(), Actor: domain.Actor{UserID: actor}, Action: action, Target: target,
		Detail: "secret of " + actor.String(), IP: "198.51.100.7", RequestID: "r",
	}
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.Audit().Append(ctx, entry) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestExportHoldsWhatIsKeptOfTheCaller(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	b.phones.Grant("code of li", li.openID, phone(t, number))
	b.phones.Grant("code of wang", wang.openID, phone(t, "+8613912345678"))
	for code, p := range map[string]person{"code of li": li, "code of wang": wang} {
		if _, err := b.bindPhone().Do(t.Context(), p.Caller, byCode(code)); err != nil {
			t.Fatal(err)
		}
	}
	b.note(t, wang.UserID, li.UserID, domain.AuditLock)
	b.note(t, domain.UserID{}, li.UserID, domain.AuditUnlock)
	b.note(t, li.UserID, wang.UserID, domain.AuditRoles)
	b.note(t, wang.UserID, wang.UserID, domain.AuditPassword)

	got, err := b.export().Do(t.Context(), li.Caller)
	if err != nil {
		t.Fatal(err)
	}
	if state := got.User.State(); state.ID != li.UserID || state.Phone.Reveal() != number {
		t.Errorf("user: got %+v", state)
	}
	if len(got.Sessions) != 1 || got.Sessions[0].State().ID != li.SessionID {
		t.Errorf("sessions: got %+v", got.Sessions)
	}
	if len(got.Events) != 1 || got.Events[0].UserID != li.UserID || got.Events[0].Type != "menjin.user.phone_bound.v1" {
		t.Errorf("events: got %+v", got.Events)
	}
	now, ip := b.now(), "198.51.100.7"
	want := []personal.AuditView{
		{now, domain.AuditExport, li.IP, false},
		{now, domain.AuditRoles, ip, false},
		{now, domain.AuditUnlock, "", true},
		{now, domain.AuditLock, "", true},
		{now, domain.AuditPhoneBind, li.IP, false},
	}
	if !slices.Equal(got.Audit, want) {
		t.Errorf("audit log: got %+v, want %+v", got.Audit, want)
	}
}

func TestExportReadsManyEntriesInPages(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	const entries = 1200 // more than two pages
	for range entries {
		b.note(t, li.UserID, li.UserID, domain.AuditExport)
	}
	got, err := b.export().Do(t.Context(), li.Caller)
	if err != nil || len(got.Audit) != entries+1 {
		t.Errorf("got %d entries, error %v, want %d", len(got.Audit), err, entries+1)
	}
}

func TestExportOfMoreThanThereCanBeEnds(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	endless := personal.NewExport(b.users(), b.sessions, endlessAudit{}, b.store, b.limiter, b.now)
	got, err := endless.Do(t.Context(), li.Caller)
	if err != nil || len(got.Audit) != 20_000 {
		t.Errorf("got %d entries, error %v, want 20,000", len(got.Audit), err)
	}
}

// endlessAudit has another page of somebody's entries after each.
type endlessAudit struct{}

func (endlessAudit) Entries(_ context.Context, _ ports.AuditFilter, _ domain.ID, limit int) ([]domain.AuditEntry, error) {
	return make([]domain.AuditEntry, limit), nil
}

func TestExportOfNobodyAndWithoutAPartFails(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	_, err := b.export().Do(t.Context(), account.Caller{UserID: domain.UserID{ID: b.newID()}})
	wantError(t, "nobody", err, domain.ErrUserNotFound)
	b.sessions.Break(fmt.Errorf("%w: refused", domain.ErrUnavailable))
	_, err = b.export().Do(t.Context(), li.Caller)
	wantError(t, "without sessions", err, domain.ErrUnavailable)
}

func TestExportsOfOneUserAreFewInAnHour(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	for range 5 {
		if _, err := b.export().Do(t.Context(), li.Caller); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.export().Do(t.Context(), li.Caller)
	wantError(t, "a sixth export", err, domain.ErrRateLimited)
	if limited, ok := errors.AsType[*domain.Error](err); !ok || limited.RetryAfter != 12*time.Minute {
		t.Errorf("a sixth export: got error %+v, want a wait of 12 minutes", err)
	}
	if got := len(b.store.AuditEntries()); got != 5 {
		t.Errorf("entries: got %d, want 5", got)
	}
	if _, err := b.export().Do(t.Context(), wang.Caller); err != nil {
		t.Errorf("an export of somebody else: got error %v, want none", err)
	}
	b.advance(12 * time.Minute)
	if _, err := b.export().Do(t.Context(), li.Caller); err != nil {
		t.Errorf("an export later: got error %v, want none", err)
	}
	b.limiter.Break(fmt.Errorf("%w: refused", domain.ErrUnavailable))
	_, err = b.export().Do(t.Context(), wang.Caller)
	wantError(t, "without the limiter", err, domain.ErrUnavailable)
}
