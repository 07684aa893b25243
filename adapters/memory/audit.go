package memory

import (
	"context"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// AuditEntries returns every entry of the audit log that was not swept, in the order of appending.
func (s *Store) AuditEntries() []domain.AuditEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.entries)
}

// AuditArchive returns the store's audit log as it is swept.
func (s *Store) AuditArchive() *AuditArchive { return &AuditArchive{s} }

// AuditArchive is a ports.AuditArchive.
type AuditArchive struct{ store *Store }

// Sweep is part of ports.AuditArchive.
func (a *AuditArchive) Sweep(ctx context.Context, before time.Time, limit int) (count int64, err error) {
	if err := a.store.down(ctx); err != nil {
		return 0, err
	}
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	a.store.entries = slices.DeleteFunc(a.store.entries, func(entry domain.AuditEntry) bool {
		if !entry.At.Before(before) || count == int64(limit) {
			return false
		}
		count++
		return true
	})
	return count, nil
}

// auditLog is the ports.AuditLog of a transaction.
type auditLog struct{ tx *tx }

func (l auditLog) Append(ctx context.Context, entry domain.AuditEntry) error {
	if err := l.tx.store.down(ctx); err != nil {
		return l.tx.fail(err)
	}
	l.tx.audit = append(l.tx.audit, func(entries []domain.AuditEntry) []domain.AuditEntry { return append(entries, entry) })
	return nil
}

func (l auditLog) Pseudonymise(ctx context.Context, user, pseudonym domain.UserID) error {
	if err := l.tx.store.down(ctx); err != nil {
		return l.tx.fail(err)
	}
	l.tx.audit = append(l.tx.audit, func(entries []domain.AuditEntry) []domain.AuditEntry {
		for i := range entries {
			pseudonymise(&entries[i], user, pseudonym)
		}
		return entries
	})
	return nil
}

func pseudonymise(entry *domain.AuditEntry, user, pseudonym domain.UserID) {
	if entry.Actor.UserID != user && entry.Target != user {
		return
	}
	if entry.Target == user || entry.Target.IsZero() {
		entry.Detail = ""
	}
	if entry.Actor.UserID == user {
		entry.Actor.UserID = pseudonym
	}
	if entry.Target == user {
		entry.Target = pseudonym
	}
	entry.IP, entry.RequestID = "", ""
}
