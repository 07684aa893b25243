package signingkey_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/signingkey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// ring records what it was last told to use.
type ring struct {
	name    string
	mu      sync.Mutex
	made    int
	keys    []ports.SigningKey
	signing string
}

func (r *ring) Generate(now time.Time) (ports.SigningKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made++
	return ports.SigningKey{ID: fmt.Sprintf("%s-%d", r.name, r.made), PEM: domain.NewSecret("pem"), CreatedAt: now}, nil
}

func (r *ring) Use(keys []ports.SigningKey, signing string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.signing = keys, signing
	return nil
}

// bundle is a replica on a clock that the test moves.
type bundle struct {
	keeper *signingkey.Keeper
	store  *memory.SigningKeys
	ring   *ring
	now    *time.Time
}

const tokenTTL = 2 * time.Hour

// setup makes replicas that share a store and a clock.
func setup(names ...string) (replicas []*bundle) {
	store, now := memory.NewSigningKeys(), time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for _, name := range names {
		b := &bundle{store: store, ring: &ring{name: name}, now: &now}
		b.keeper = signingkey.NewKeeper(store, b.ring, tokenTTL, func() time.Time { return *b.now }, slog.New(slog.DiscardHandler))
		replicas = append(replicas, b)
	}
	return replicas
}

func (b *bundle) wantRing(t *testing.T, signing string, keys int) {
	t.Helper()
	if err := b.keeper.Load(t.Context()); err != nil {
		t.Fatalf("load: %v", err)
	}
	if b.ring.signing != signing || len(b.ring.keys) != keys {
		t.Errorf("ring: got %d keys, signing with %s, want %d, %s", len(b.ring.keys), b.ring.signing, keys, signing)
	}
}

func TestFirstKeySignsAtOnceForAllReplicas(t *testing.T) {
	t.Parallel()
	replicas := setup("a", "b")
	replicas[0].wantRing(t, "a-1", 1)
	replicas[1].wantRing(t, "a-1", 1)
}

func TestReplicasThatStartAtOnceAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	replicas := setup("a", "b", "c", "d")
	var starting sync.WaitGroup
	for _, b := range replicas {
		starting.Go(func() {
			if err := b.keeper.Load(t.Context()); err != nil {
				t.Errorf("load: %v", err)
			}
		})
	}
	starting.Wait()
	for _, b := range replicas {
		b.wantRing(t, replicas[0].ring.signing, 1)
	}
}

func TestRotatedKeySignsOnceItIsKnownAndTheOldOneVerifiesOn(t *testing.T) {
	t.Parallel()
	replicas := setup("a", "b")
	a, b := replicas[0], replicas[1]
	a.wantRing(t, "a-1", 1)
	*a.now = a.now.Add(time.Hour)
	if err := a.keeper.Rotate(t.Context()); err != nil {
		t.Fatalf("rotate: %v", err)
	}
	rotated := *a.now
	a.wantRing(t, "a-1", 2)
	b.wantRing(t, "a-1", 2)
	*a.now = rotated.Add(10 * time.Minute)
	a.wantRing(t, "a-2", 2)
	b.wantRing(t, "a-2", 2)
	for _, key := range b.ring.keys {
		if key.ID == "a-1" && key.RetiresAt.Before(rotated.Add(10*time.Minute+tokenTTL)) {
			t.Errorf("the old key retires at %s, before the last token it signed dies", key.RetiresAt)
		}
	}
}

func TestStoreOutOfReachKeepsTheKeysKnown(t *testing.T) {
	t.Parallel()
	b := setup("a")[0]
	b.wantRing(t, "a-1", 1)
	b.store.Break(domain.ErrUnavailable)
	for what, err := range map[string]error{"load": b.keeper.Load(t.Context()), "rotate": b.keeper.Rotate(t.Context())} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: got %v, want %v", what, err, domain.ErrUnavailable)
		}
	}
	b.store.Break(nil)
	b.wantRing(t, "a-1", 1)
}

func TestKeysAreReplacedEveryNinetyDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, keys := memory.NewSigningKeys(), &ring{name: "a"}
		keeper := signingkey.NewKeeper(store, keys, tokenTTL, time.Now, slog.New(slog.DiscardHandler))
		if err := keeper.Load(t.Context()); err != nil {
			t.Fatalf("load: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- keeper.Run(ctx) }()
		signing := func() string {
			synctest.Wait()
			keys.mu.Lock()
			defer keys.mu.Unlock()
			return keys.signing
		}
		time.Sleep(90*24*time.Hour - time.Minute)
		if got := signing(); got != "a-1" {
			t.Errorf("before ninety days: got %s, want the first key", got)
		}
		time.Sleep(15 * time.Minute)
		if got := signing(); got != "a-2" {
			t.Errorf("after ninety days: got %s, want the second key", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping: got %v", err)
		}
	})
}
