package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// inbox is the ports.Inbox of a transaction.
type inbox struct{ tx *tx }

func (i inbox) Add(ctx context.Context, digest [32]byte, at time.Time) error {
	if err := i.tx.store.down(ctx); err != nil {
		return i.tx.fail(err)
	}
	i.tx.store.mu.Lock()
	defer i.tx.store.mu.Unlock()
	_, before := i.tx.store.inbox[digest]
	_, within := i.tx.inbox[digest]
	if before || within {
		return i.tx.fail(ports.ErrSeenBefore)
	}
	i.tx.inbox[digest] = at
	return nil
}

// InboxArchive returns the store's inbox as it is swept.
func (s *Store) InboxArchive() *InboxArchive { return &InboxArchive{s} }

// InboxArchive is a ports.InboxArchive.
type InboxArchive struct{ store *Store }

// Sweep is part of ports.InboxArchive.
func (a *InboxArchive) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	if err := a.store.down(ctx); err != nil {
		return 0, err
	}
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	var past [][32]byte
	for digest, at := range a.store.inbox {
		if at.Before(before) {
			past = append(past, digest)
		}
	}
	slices.SortFunc(past, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	slices.SortStableFunc(past, func(one, other [32]byte) int { return a.store.inbox[one].Compare(a.store.inbox[other]) })
	past = past[:min(limit, len(past))]
	for _, digest := range past {
		delete(a.store.inbox, digest)
	}
	return int64(len(past)), nil
}
