package personal_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// merge merges two people's accounts, as an administrator does.
func (b *bundle) merge(t *testing.T, one, other person) {
	t.Helper()
	note := &update.Note{
		Actor: domain.Actor{UserID: domain.UserID{ID: domain.ID{7}}}, Action: domain.AuditMerge, Detail: "by an administrator",
	}
	if _, err := account.NewMerger(b.store, b.users(), b.ender()).Merge(t.Context(), one.UserID, other.UserID, note); err != nil {
		t.Errorf("merge: %v", err)
	}
	b.advance(time.Minute)
}

func (b *bundle) wantTombstone(t *testing.T, merged ...person) {
	t.Helper()
	events := b.store.Events()
	var ids []string
	for _, p := range merged {
		ids = append(ids, p.UserID.String())
	}
	want := domain.Deleted{Merged: strings.Join(ids, ",")}
	if last := events[len(events)-1]; last.Facts != want {
		t.Errorf("last event: got %+v, want %+v", last.Facts, want)
	}
}

func TestErasureReachesAccountsMergedIntoTheUsers(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang, zhao, other := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app), b.signIn(t, "o-zhao", app), b.signIn(t, "o-x", app)
	for _, p := range []person{li, wang, zhao} {
		b.note(t, p.UserID, p.UserID, domain.AuditExport)
	}
	b.note(t, other.UserID, other.UserID, domain.AuditExport)
	b.merge(t, wang, zhao)
	b.merge(t, li, wang)
	b.delete(t, li, 0)
	b.wantTombstone(t, wang, zhao)
	var pseudonym domain.UserID
	for _, entry := range b.store.AuditEntries() {
		if entry.Target == other.UserID {
			if entry.IP == "" {
				t.Errorf("entry of somebody else: got %+v, want it as it was", entry)
			}
			continue
		}
		if pseudonym.IsZero() {
			pseudonym = entry.Target
		}
		if entry.Target != pseudonym || slices.Contains([]domain.UserID{li.UserID, wang.UserID, zhao.UserID}, entry.Actor.UserID) ||
			entry.Detail != "" || entry.IP != "" {
			t.Errorf("audit entry leads to the user: %+v, want the pseudonym %v", entry, pseudonym)
		}
	}
}

// duringAudit lets something happen each time after the audit log is read.
type duringAudit struct {
	ports.AuditReader
	happens func()
}

func (d *duringAudit) Entries(
	ctx context.Context, filter ports.AuditFilter, before domain.ID, limit int,
) ([]domain.AuditEntry, error) {
	entries, err := d.AuditReader.Entries(ctx, filter, before, limit)
	d.happens()
	return entries, err
}

func TestErasureSeesAMergeThatRacesIt(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	merged := false
	b.audit = &duringAudit{b.store, func() {
		if !merged {
			merged = true
			b.merge(t, li, wang)
		}
	}}
	if err := b.eraser().Erase(t.Context(), li.UserID, anyNote); err != nil {
		t.Fatal(err)
	}
	b.wantTombstone(t, wang)
}

func TestErasureOfOneWhoChangesAgainAndAgainIsPutOff(t *testing.T) {
	t.Parallel()
	b := setup()
	li := b.signIn(t, "o-li", app)
	b.audit = &duringAudit{b.store, func() { b.alter(t, li, func(state *domain.UserState) { state.Version++ }) }}
	wantError(t, "erase", b.eraser().Erase(t.Context(), li.UserID, anyNote), domain.ErrUnavailable)
	b.state(t, li)
	b.wantResets(t)
}

func TestDeletionIsNotedWithTheDayAlone(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	b.delete(t, li, 0)
	b.delete(t, wang, 0)
	day := start.Truncate(24 * time.Hour)
	entries := b.store.AuditEntries()
	for _, entry := range entries {
		var made int64
		for _, octet := range entry.ID[:6] {
			made = made<<8 | int64(octet)
		}
		if !entry.At.Equal(day) || made != day.UnixMilli() || entry.ID[6]>>4 != 7 || entry.ID[8]>>6 != 2 {
			t.Errorf("audit entry: got %v of %s, want an id of version 7 and an instant that tell %s alone", entry.ID, entry.At, day)
		}
	}
	if len(entries) != 2 || entries[0].ID == entries[1].ID {
		t.Errorf("audit log: got %+v, want two entries", entries)
	}
}

func TestExportHoldsWhatIsKeptOfMergedAccounts(t *testing.T) {
	t.Parallel()
	b := setup()
	li, wang := b.signIn(t, "o-li", app), b.signIn(t, "o-wang", app)
	b.note(t, wang.UserID, wang.UserID, domain.AuditPassword)
	b.merge(t, li, wang)
	got, err := b.export().Do(t.Context(), li.Caller)
	if err != nil {
		t.Fatal(err)
	}
	mine, theirs := 0, 0
	for _, event := range got.Events {
		switch event.UserID {
		case li.UserID:
			mine++
		case wang.UserID:
			theirs++
		}
	}
	if mine != 2 || theirs != 2 || len(got.Events) != 4 {
		t.Errorf("events: got %d and %d of %d, want session_ended and merged of either account", mine, theirs, len(got.Events))
	}
	if !slices.ContainsFunc(got.Audit, func(view personal.AuditView) bool {
		return view.Action == domain.AuditPassword && !view.ByAdministrator && view.IP != ""
	}) {
		t.Errorf("audit log: got %+v, want what the merged account did to itself", got.Audit)
	}
}
