package portstest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var inboxContracts = []contract[*store]{
	{"a message is taken in once, and nothing of the second time is kept", inboxOnce},
	{"a message twice in one transaction is refused", inboxWithin},
	{"a repeated message the change overlooks is still an error", inboxOverlooked},
	{"a message is remembered exactly when its change is", inboxRolledBack},
	{"of many who take in one message at once one does, and others are not disturbed", inboxRace},
	{"messages taken in before an instant are forgotten in chunks, and no others", inboxSwept},
}

func newDigest() (digest [32]byte) {
	_, _ = rand.Read(digest[:])
	return digest
}

// takeIn remembers a message and registers a user for it.
func (s *store) takeIn(ctx context.Context, digest [32]byte, at time.Time, user *domain.User, event domain.Event) error {
	return s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Inbox().Add(ctx, digest, at); err != nil {
			return err
		}
		if err := tx.Users().Add(ctx, user); err != nil {
			return err
		}
		return tx.Outbox().Append(ctx, event)
	})
}

func (s *store) tookIn(t *testing.T, ctx context.Context, digest [32]byte, at time.Time) domain.Event {
	t.Helper()
	user, event := newUser(t)
	if err := s.takeIn(ctx, digest, at, user, event); err != nil {
		t.Fatalf("take in a message: %v", err)
	}
	return event
}

func (s *store) wantSeen(t *testing.T, ctx context.Context, digest [32]byte) {
	t.Helper()
	user, event := newUser(t)
	err := s.takeIn(ctx, digest, now(), user, event)
	if !errors.Is(err, ports.ErrSeenBefore) {
		t.Errorf("a message again: got error %v, want %v", err, ports.ErrSeenBefore)
	}
	if public, ok := errors.AsType[*domain.Error](err); ok {
		t.Errorf("a message again: got %s, want no failure of the domain", public.Reason)
	}
	if _, err := s.Users.ByID(ctx, user.ID()); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("user of a message again: got error %v, want %v", err, domain.ErrUserNotFound)
	}
}

func inboxOnce(t *testing.T, ctx context.Context, s *store) {
	digest := newDigest()
	first := s.tookIn(t, ctx, digest, now())
	s.wantSeen(t, ctx, digest)
	s.wantSeen(t, ctx, digest)
	near := digest
	near[31] ^= 1
	second := s.tookIn(t, ctx, near, now())
	s.wantDrained(t, ctx, first, second)
}

func inboxWithin(t *testing.T, ctx context.Context, s *store) {
	digest := newDigest()
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Inbox().Add(ctx, digest, now()), tx.Inbox().Add(ctx, digest, now()))
	})
	if !errors.Is(err, ports.ErrSeenBefore) {
		t.Errorf("got error %v, want %v", err, ports.ErrSeenBefore)
	}
	s.tookIn(t, ctx, digest, now())
}

func inboxOverlooked(t *testing.T, ctx context.Context, s *store) {
	digest := newDigest()
	first := s.tookIn(t, ctx, digest, now())
	user, event := newUser(t)
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		_ = tx.Inbox().Add(ctx, digest, now())
		_ = tx.Users().Add(ctx, user)
		_ = tx.Outbox().Append(ctx, event)
		return nil
	})
	if !errors.Is(err, ports.ErrSeenBefore) {
		t.Errorf("got error %v, want %v", err, ports.ErrSeenBefore)
	}
	s.wantDrained(t, ctx, first)
}

func inboxRolledBack(t *testing.T, ctx context.Context, s *store) {
	digest := newDigest()
	err := s.Tx.InTx(ctx, func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Inbox().Add(ctx, digest, now()), errChange)
	})
	if !errors.Is(err, errChange) {
		t.Errorf("got error %v, want %v", err, errChange)
	}
	s.tookIn(t, ctx, digest, now())
	s.wantSeen(t, ctx, digest)
}

func inboxRace(t *testing.T, ctx context.Context, s *store) {
	const rounds = 20
	digest := newDigest()
	var mine, theirs []domain.Event
	users, others := make([]*domain.User, rounds), make([]*domain.User, rounds)
	errs, otherErrs := make([]error, rounds), make([]error, rounds)
	for i := range rounds {
		var event, other domain.Event
		users[i], event = newUser(t)
		others[i], other = newUser(t)
		mine, theirs = append(mine, event), append(theirs, other)
	}
	var racing sync.WaitGroup
	start := make(chan struct{})
	for i := range rounds {
		racing.Go(func() { <-start; errs[i] = s.takeIn(ctx, digest, now(), users[i], mine[i]) })
		racing.Go(func() { <-start; otherErrs[i] = s.takeIn(ctx, newDigest(), now(), others[i], theirs[i]) })
	}
	close(start)
	racing.Wait()

	if err := errors.Join(otherErrs...); err != nil {
		t.Errorf("messages of their own: %v", err)
	}
	winner := slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("nobody won: %v", errors.Join(errs...))
	}
	want := map[domain.EventID]bool{mine[winner].ID: true}
	for i, err := range errs {
		if i != winner && !errors.Is(err, ports.ErrSeenBefore) {
			t.Errorf("racer %d: got error %v, want %v", i, err, ports.ErrSeenBefore)
		}
		want[theirs[i].ID] = true
	}
	got := map[domain.EventID]bool{}
	for _, event := range s.drainAll(t, ctx) {
		got[event.Message.ID] = true
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}

func inboxSwept(t *testing.T, ctx context.Context, s *store) {
	instant := now().Add(-time.Hour)
	digests := make([][32]byte, 5)
	for i := range digests { // the last two are at the instant and after it
		digests[i] = newDigest()
		s.tookIn(t, ctx, digests[i], instant.Add(time.Duration(i-3)*time.Minute))
	}
	for _, want := range []int64{2, 1, 0} {
		if got, err := s.InboxArchive.Sweep(ctx, instant, 2); err != nil || got != want {
			t.Errorf("sweep: got %d messages, error %v, want %d", got, err, want)
		}
		if want == 2 {
			s.wantSeen(t, ctx, digests[2]) // the oldest go first
		}
	}
	for _, digest := range digests[:3] {
		s.tookIn(t, ctx, digest, now())
	}
	for _, digest := range digests[3:] {
		s.wantSeen(t, ctx, digest)
	}
}
