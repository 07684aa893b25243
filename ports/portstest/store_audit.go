package portstest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var auditContracts = []contract[*store]{
	{"an entry comes back, every field", auditedFields},
	{"an entry goes with its transaction", auditRolledBack},
	{"entries come newest first, page by page", auditPages},
	{"entries are filtered by actor, target and action", auditFiltered},
	{"entries outlive whom they are about", auditOutlives},
	{"entries made before an instant are swept in chunks, and no others", auditSwept},
}

// newEntries makes entries a minute apart, by rising id.
func newEntries(count int) []domain.AuditEntry {
	ids := make([]domain.ID, count)
	for i := range ids {
		ids[i] = newID()
	}
	slices.SortFunc(ids, func(a, b domain.ID) int { return bytes.Compare(a[:], b[:]) })
	entries, start := make([]domain.AuditEntry, count), now().Add(-time.Hour)
	for i := range entries {
		entries[i] = domain.AuditEntry{
			ID: ids[i], At: start.Add(time.Duration(i) * time.Minute), Actor: domain.Actor{UserID: newUserID()},
			Action: domain.AuditLock, Target: newUserID(), Detail: "骚扰 'x' <&>", IP: "2001:db8::1", RequestID: "req-" + randomText(),
		}
	}
	return entries
}

func (s *store) audit(t *testing.T, ctx context.Context, entries ...domain.AuditEntry) {
	t.Helper()
	for _, entry := range entries {
		err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.Audit().Append(ctx, entry) })
		if err != nil {
			t.Fatalf("append audit entry: %v", err)
		}
	}
}

func (s *store) wantAudit(t *testing.T, ctx context.Context, filter ports.AuditFilter, before domain.ID, limit int, want ...domain.AuditEntry) {
	t.Helper()
	got, err := s.Audit.Entries(ctx, filter, before, limit)
	if err != nil {
		t.Fatalf("entries: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("entries by %+v differ (-want +got):\n%s", filter, diff)
	}
}

func auditedFields(t *testing.T, ctx context.Context, s *store) {
	entries := newEntries(2)
	entries[0].Actor, entries[0].Target = domain.Actor{}, domain.UserID{} // the operator, about nobody
	entries[0].Detail, entries[0].IP, entries[0].RequestID = "", "", ""
	s.audit(t, ctx, entries...)
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entries[1], entries[0])
	if got := s.commits.Load(); got != 0 {
		t.Errorf("commits announced without events: got %d, want none", got)
	}
}

func auditRolledBack(t *testing.T, ctx context.Context, s *store) {
	entry := newEntries(1)[0]
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Audit().Append(ctx, entry), errChange)
	})
	if !errors.Is(err, errChange) {
		t.Errorf("got error %v, want %v", err, errChange)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10)
	user, event := newUser(t)
	event.Facts = nil
	err = s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, user), tx.Audit().Append(ctx, entry), tx.Outbox().Append(ctx, event))
	})
	if err == nil {
		t.Error("an event that is refused: got no error, want one")
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10)
}

func auditPages(t *testing.T, ctx context.Context, s *store) {
	entries := newEntries(5)
	s.audit(t, ctx, entries...)
	slices.Reverse(entries)
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 2, entries[:2]...)
	s.wantAudit(t, ctx, ports.AuditFilter{}, entries[1].ID, 2, entries[2:4]...)
	s.wantAudit(t, ctx, ports.AuditFilter{}, entries[3].ID, 2, entries[4])
	s.wantAudit(t, ctx, ports.AuditFilter{}, entries[4].ID, 2)
}

func auditFiltered(t *testing.T, ctx context.Context, s *store) {
	entries := newEntries(4)
	actor, target := entries[0].Actor.UserID, entries[0].Target
	entries[1].Actor.UserID, entries[2].Target, entries[1].Action = actor, target, domain.AuditUnlock
	s.audit(t, ctx, entries...)
	for _, c := range []struct {
		filter ports.AuditFilter
		want   []domain.AuditEntry
	}{
		{ports.AuditFilter{Actor: actor}, []domain.AuditEntry{entries[1], entries[0]}},
		{ports.AuditFilter{Target: target}, []domain.AuditEntry{entries[2], entries[0]}},
		{ports.AuditFilter{Action: domain.AuditUnlock}, []domain.AuditEntry{entries[1]}},
		{ports.AuditFilter{Actor: actor, Target: target, Action: domain.AuditLock}, []domain.AuditEntry{entries[0]}},
		{ports.AuditFilter{Actor: target}, nil},
	} {
		s.wantAudit(t, ctx, c.filter, domain.ID{}, 10, c.want...)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{Actor: actor}, entries[1].ID, 10, entries[0])
	s.wantAudit(t, ctx, ports.AuditFilter{Actor: actor}, domain.ID{}, 1, entries[1])
}

func auditOutlives(t *testing.T, ctx context.Context, s *store) {
	user, _ := s.register(t, ctx)
	entry := newEntries(1)[0]
	entry.Actor.UserID, entry.Target = user.ID(), user.ID()
	s.audit(t, ctx, entry)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, user.ID()); err != nil {
			return err
		}
		return tx.Users().Remove(ctx, user.ID())
	})
	if err != nil {
		t.Fatalf("remove: %v", err)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entry)
}

func auditSwept(t *testing.T, ctx context.Context, s *store) {
	entries := newEntries(5)
	s.audit(t, ctx, entries...)
	for _, want := range []int64{2, 1, 0} {
		if got, err := s.AuditArchive.Sweep(ctx, entries[3].At, 2); err != nil || got != want {
			t.Errorf("sweep: got %d entries, error %v, want %d", got, err, want)
		}
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entries[4], entries[3])
}
