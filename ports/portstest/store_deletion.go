package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var deletionContracts = []contract[*store]{
	{"users are due for deletion from their instant on, who waited longest first", dueInOrder},
	{"a user who thought better of it, or is gone, is not due", dueNoMore},
	{"a pseudonym takes the user's place in every entry, and of theirs only what they did to others stays", pseudonymised},
	{"a pseudonym leaves the entries of others alone", pseudonymOfOthers},
	{"a pseudonym goes with its transaction", pseudonymRolledBack},
	{"a user is deleted in one transaction, events, entry and all", deletedWhole},
}

// due keeps a user who is to be deleted at an instant.
func (s *store) due(t *testing.T, ctx context.Context, at time.Time) domain.UserState {
	t.Helper()
	state := newFullState(t)
	state.DeleteAt = at
	if err := s.add(ctx, domain.RestoreUser(state)); err != nil {
		t.Fatalf("add: %v", err)
	}
	return state
}

func (s *store) wantDue(t *testing.T, ctx context.Context, at time.Time, limit int, want ...domain.UserID) {
	t.Helper()
	got, err := s.Deletions.DueForDeletion(ctx, at, limit)
	if err != nil {
		t.Fatalf("due for deletion: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("due at %s differ (-want +got):\n%s", at, diff)
	}
}

func dueInOrder(t *testing.T, ctx context.Context, s *store) {
	instant := now()
	s.register(t, ctx) // who did not ask
	third, first := s.due(t, ctx, instant.Add(time.Hour)), s.due(t, ctx, instant)
	second := s.due(t, ctx, instant.Add(time.Microsecond))
	s.wantDue(t, ctx, instant.Add(-time.Microsecond), 10)
	s.wantDue(t, ctx, instant, 10, first.ID)
	s.wantDue(t, ctx, instant.Add(time.Minute), 10, first.ID, second.ID)
	s.wantDue(t, ctx, instant.Add(time.Hour), 10, first.ID, second.ID, third.ID)
	s.wantDue(t, ctx, instant.Add(time.Hour), 2, first.ID, second.ID)
	if _, err := s.Deletions.DueForDeletion(cancelled(ctx), instant, 1); err == nil {
		t.Error("with a cancelled context: got no error, want one")
	}
}

func dueNoMore(t *testing.T, ctx context.Context, s *store) {
	instant := now()
	stays, goes, later := s.due(t, ctx, instant), s.due(t, ctx, instant), s.due(t, ctx, instant)
	stays.DeleteAt, later.DeleteAt = time.Time{}, instant.Add(time.Hour)
	s.saved(t, ctx, stays)
	s.saved(t, ctx, later)
	s.wantState(t, ctx, stays)
	s.wantState(t, ctx, later)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Users().ForUpdate(ctx, goes.ID); err != nil {
			return err
		}
		return tx.Users().Remove(ctx, goes.ID)
	})
	if err != nil {
		t.Fatalf("remove: %v", err)
	}
	s.wantDue(t, ctx, instant, 10)
}

func (s *store) pseudonymise(t *testing.T, ctx context.Context, user, pseudonym domain.UserID) {
	t.Helper()
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return tx.Audit().Pseudonymise(ctx, user, pseudonym)
	})
	if err != nil {
		t.Fatalf("pseudonymise: %v", err)
	}
}

func pseudonymised(t *testing.T, ctx context.Context, s *store) {
	user, pseudonym := newUserID(), newUserID()
	entries := newEntries(4)
	entries[0].Actor.UserID, entries[1].Target = user, user
	entries[2].Actor.UserID, entries[2].Target = user, user
	entries[3].Actor.UserID, entries[3].Target = user, domain.UserID{}
	s.audit(t, ctx, entries...)
	s.pseudonymise(t, ctx, user, pseudonym)
	want := []domain.AuditEntry{entries[3], entries[2], entries[1], entries[0]}
	for i := range want {
		want[i].IP, want[i].RequestID = "", ""
	}
	for i := range want[:3] { // the last is what they did to somebody else
		want[i].Detail = ""
	}
	want[0].Actor.UserID, want[1].Actor.UserID, want[3].Actor.UserID = pseudonym, pseudonym, pseudonym
	want[1].Target, want[2].Target = pseudonym, pseudonym
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, want...)
	s.wantAudit(t, ctx, ports.AuditFilter{Actor: user}, domain.ID{}, 10)
	s.wantAudit(t, ctx, ports.AuditFilter{Target: user}, domain.ID{}, 10)
	s.wantAudit(t, ctx, ports.AuditFilter{Actor: pseudonym}, domain.ID{}, 10, want[0], want[1], want[3])

	// The others of entries may be deleted later, and the same one twice.
	actor, target := want[2].Actor.UserID, want[3].Target
	s.pseudonymise(t, ctx, user, pseudonym)
	want[2].Actor.UserID, want[3].Target, want[3].Detail = newUserID(), newUserID(), ""
	s.pseudonymise(t, ctx, actor, want[2].Actor.UserID)
	s.pseudonymise(t, ctx, target, want[3].Target)
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, want...)
}

func pseudonymOfOthers(t *testing.T, ctx context.Context, s *store) {
	entries := newEntries(2)
	entries[0].Actor, entries[0].Target = domain.Actor{}, domain.UserID{} // the operator, about nobody
	s.audit(t, ctx, entries...)
	s.pseudonymise(t, ctx, newUserID(), newUserID())
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entries[1], entries[0])
}

func pseudonymRolledBack(t *testing.T, ctx context.Context, s *store) {
	entry := newEntries(1)[0]
	s.audit(t, ctx, entry)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Audit().Pseudonymise(ctx, entry.Target, newUserID()), errChange)
	})
	if !errors.Is(err, errChange) {
		t.Errorf("got error %v, want %v", err, errChange)
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entry)
}

func deletedWhole(t *testing.T, ctx context.Context, s *store) {
	user, registered := s.register(t, ctx)
	pseudonym, entries := newUserID(), newEntries(2)
	for i := range entries {
		entries[i].Target, entries[i].Action = user.ID(), domain.AuditDelete
	}
	s.audit(t, ctx, entries[0])
	var events []domain.Event
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		user, err := tx.Users().ForUpdate(ctx, user.ID())
		if err != nil {
			return err
		}
		events = user.Delete(stamp(), stamp())
		if err := tx.Users().Remove(ctx, user.ID()); err != nil {
			return err
		}
		if err := tx.Audit().Append(ctx, entries[1]); err != nil {
			return err
		}
		if err := tx.Audit().Pseudonymise(ctx, user.ID(), pseudonym); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, events...)
	})
	if err != nil {
		t.Fatalf("delete: %v", err)
	}
	for i := range entries {
		entries[i].Target, entries[i].Detail, entries[i].IP, entries[i].RequestID = pseudonym, "", "", ""
	}
	s.wantAudit(t, ctx, ports.AuditFilter{}, domain.ID{}, 10, entries[1], entries[0])
	s.wantDrained(t, ctx, append([]domain.Event{registered}, events...)...)
	again, event := newUserOf(user.State().WeChat[0], now())
	if err := s.add(ctx, again, event); err != nil {
		t.Errorf("register the same identity afresh: %v", err)
	}
}
