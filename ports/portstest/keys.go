package portstest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SigningKeys is the contract of the store of signing keys. Open returns an empty one.
func SigningKeys(t *testing.T, open func(t *testing.T) ports.SigningKeys) {
	t.Helper()
	check(t, open, keyContracts)
}

func newSigningKey(at time.Time) ports.SigningKey {
	return ports.SigningKey{
		ID:        "k-" + randomText(),
		PEM:       domain.NewSecret("-----BEGIN PRIVATE KEY-----\n" + randomText() + "\n-----END PRIVATE KEY-----\n"),
		CreatedAt: at,
	}
}

func wantRotated(t *testing.T, ctx context.Context, keys ports.SigningKeys, newest string, next ports.SigningKey, retire time.Time, want bool) {
	t.Helper()
	if got, err := keys.Rotate(ctx, newest, next, retire); err != nil || got != want {
		t.Fatalf("rotate: got added %t, error %v, want %t", got, err, want)
	}
}

func wantKeys(t *testing.T, ctx context.Context, keys ports.SigningKeys, want ...ports.SigningKey) {
	t.Helper()
	got, err := keys.All(ctx)
	if err != nil {
		t.Fatalf("all: %v", err)
	}
	if diff := diff(want, got); diff != "" {
		t.Errorf("keys differ (-want +got):\n%s", diff)
	}
}

var keyContracts = []contract[ports.SigningKeys]{
	{"there are no keys at first", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		wantKeys(t, ctx, keys)
	}},
	{"the first key comes back, every field", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		first := newSigningKey(now())
		wantRotated(t, ctx, keys, "", first, now(), true)
		wantKeys(t, ctx, keys, first)
	}},
	{"a rotation lets the others retire", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		start := now()
		first, second := newSigningKey(start), newSigningKey(start.Add(time.Hour))
		wantRotated(t, ctx, keys, "", first, start, true)
		first.RetiresAt = start.Add(3 * time.Hour)
		wantRotated(t, ctx, keys, first.ID, second, first.RetiresAt, true)
		wantKeys(t, ctx, keys, second, first)
	}},
	{"a key whose retirement has passed is forgotten", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		start := now()
		first, second := newSigningKey(start), newSigningKey(start.Add(time.Hour))
		third := newSigningKey(start.Add(4 * time.Hour))
		wantRotated(t, ctx, keys, "", first, start, true)
		wantRotated(t, ctx, keys, first.ID, second, start.Add(3*time.Hour), true)
		second.RetiresAt = start.Add(6 * time.Hour)
		wantRotated(t, ctx, keys, second.ID, third, second.RetiresAt, true)
		wantKeys(t, ctx, keys, third, second)
	}},
	{"who is mistaken about the newest key changes nothing", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		start := now()
		first, second := newSigningKey(start), newSigningKey(start.Add(time.Hour))
		wantRotated(t, ctx, keys, "unknown", second, start, false)
		wantKeys(t, ctx, keys)
		wantRotated(t, ctx, keys, "", first, start, true)
		for _, newest := range []string{"", "unknown", second.ID} {
			wantRotated(t, ctx, keys, newest, second, start, false)
		}
		wantKeys(t, ctx, keys, first)
		wantRotated(t, ctx, keys, first.ID, second, start.Add(3*time.Hour), true)
		wantRotated(t, ctx, keys, first.ID, newSigningKey(start.Add(2*time.Hour)), start.Add(9*time.Hour), false)
		first.RetiresAt = start.Add(3 * time.Hour)
		wantKeys(t, ctx, keys, second, first)
	}},
	{"of 20 rotations at once one wins, the first time and later", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		newest, at := "", now()
		for round := range 3 {
			var (
				rotating sync.WaitGroup
				added    atomic.Int64
			)
			at = at.Add(time.Hour)
			for range 20 {
				rotating.Go(func() {
					won, err := keys.Rotate(ctx, newest, newSigningKey(at), at.Add(24*time.Hour))
					if err != nil {
						t.Errorf("rotate: %v", err)
					}
					if won {
						added.Add(1)
					}
				})
			}
			rotating.Wait()
			all, err := keys.All(ctx)
			if err != nil || len(all) != round+1 || added.Load() != 1 {
				t.Fatalf("round %d: got %d winners, %d keys, error %v, want one winner and %d keys", round, added.Load(), len(all), err, round+1)
			}
			newest = all[0].ID
			if !all[0].RetiresAt.IsZero() {
				t.Errorf("round %d: the newest key retires at %s, want never yet", round, all[0].RetiresAt)
			}
		}
	}},
	{"a cancelled context tells of no keys", func(t *testing.T, ctx context.Context, keys ports.SigningKeys) {
		if _, err := keys.All(cancelled(ctx)); err == nil {
			t.Error("all: got no error, want one")
		}
		if added, err := keys.Rotate(cancelled(ctx), "", newSigningKey(now()), now()); err == nil || added {
			t.Errorf("rotate: got added %t, error %v, want an error", added, err)
		}
		wantKeys(t, ctx, keys)
	}},
}
