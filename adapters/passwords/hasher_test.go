package passwords

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// light is enough to see what is done.
var light = parameters{memory: 64, time: 1, threads: 1}

func secret(text string) domain.Secret { return domain.NewSecret(text) }

func hashOf(tb testing.TB, h *Hasher, text string) domain.PasswordHash {
	tb.Helper()
	hash, err := h.Hash(tb.Context(), domain.Password{Secret: secret(text)})
	if err != nil {
		tb.Fatal(err)
	}
	return hash
}

func TestPasswordIsRecognised(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	hash := hashOf(t, h, "correct horse")
	if !strings.HasPrefix(hash.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$") || len(hash.Reveal()) != 97 {
		t.Errorf("hash: got %s", hash.Reveal())
	}
	for text, want := range map[string]bool{
		"correct horse": true, "Correct horse": false, "correct horse ": false, "": false, "correct horse\x00": false,
	} {
		match, stale, err := h.Verify(t.Context(), secret(text), hash)
		if match != want || stale || err != nil {
			t.Errorf("%q: got %v, %v, %v, want %v and not stale", text, match, stale, err, want)
		}
	}
}

func TestSamePasswordHasAnotherHashEachTime(t *testing.T) {
	t.Parallel()
	h := newHasher(light, 1, 0)
	if one, other := hashOf(t, h, "correct horse"), hashOf(t, h, "correct horse"); one.Equal(other.Secret) {
		t.Error("two hashes are equal")
	}
}

func TestNobodyHasThePasswordOfTheZeroHash(t *testing.T) {
	t.Parallel()
	h := newHasher(light, 1, 0)
	h.decoy.tag = h.decoy.tagOf(secret("")) // the worst that can happen
	match, stale, err := h.Verify(t.Context(), secret(""), domain.PasswordHash{})
	if match || stale || err != nil {
		t.Errorf("got %v, %v, %v, want no", match, stale, err)
	}
}

func TestHashOfWeakerParametersIsStale(t *testing.T) {
	t.Parallel()
	h := newHasher(parameters{memory: 128, time: 2, threads: 2}, 1, 0)
	for _, test := range []struct {
		parameters
		stale bool
	}{
		{parameters{128, 2, 2}, false},
		{parameters{256, 3, 3}, false},
		{parameters{64, 2, 2}, true},
		{parameters{128, 1, 2}, true},
		{parameters{128, 2, 1}, true},
	} {
		hash := hashOf(t, newHasher(test.parameters, 1, 0), "correct horse")
		match, stale, err := h.Verify(t.Context(), secret("correct horse"), hash)
		if !match || stale != test.stale || err != nil {
			t.Errorf("%+v: got %v, %v, %v, want a match, stale %v", test.parameters, match, stale, err, test.stale)
		}
		if match, stale, err = h.Verify(t.Context(), secret("wrong"), hash); match || stale || err != nil {
			t.Errorf("%+v, a wrong password: got %v, %v, %v, want no", test.parameters, match, stale, err)
		}
	}
}

func TestQueueLetsAFewWorkAndRefusesWhoFindsNoRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, 60)
		var mu sync.Mutex
		var working, most, worked, refused int
		gate := make(chan struct{})
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				err := q.do(t.Context(), func() {
					mu.Lock()
					working++
					most = max(most, working)
					mu.Unlock()
					<-gate
					mu.Lock()
					working--
					worked++
					mu.Unlock()
				})
				if err == nil {
					return
				}
				var unavailable *domain.Error
				if !errors.Is(err, domain.ErrUnavailable) || !errors.As(err, &unavailable) || unavailable.RetryAfter <= 0 {
					t.Errorf("refused with %v, want %v and a time to wait", err, domain.ErrUnavailable)
				}
				mu.Lock()
				refused++
				mu.Unlock()
			})
		}
		synctest.Wait()
		close(gate)
		callers.Wait()
		if most != 2 || worked != 62 || refused != 2 {
			t.Errorf("at once %d, worked %d, refused %d, want 2, 62, 2", most, worked, refused)
		}
		if err := q.do(t.Context(), func() {}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestWhoeverWaitsTooLongIsToldSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 1)
		gate := make(chan struct{})
		go func() { _ = q.do(t.Context(), func() { <-gate }) }()
		synctest.Wait()
		for range 3 { // each gives back its place
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := q.do(ctx, func() { t.Error("worked beside another") })
			cancel()
			if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, domain.ErrUnavailable)
			}
		}
		close(gate)
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := newHasher(light, 1, 0)
	if _, err := h.Hash(ctx, domain.Password{Secret: secret("correct horse")}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("hash: got %v, want %v", err, domain.ErrUnavailable)
	}
	if _, _, err := h.Verify(ctx, secret("correct horse"), domain.PasswordHash{}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("verify: got %v, want %v", err, domain.ErrUnavailable)
	}
}

// The medians of runs that alternate are compared, so that a machine which is busy for a while slows both.
func TestUnknownAccountTakesAsLongAsAWrongPassword(t *testing.T) {
	h := NewHasher()
	hash := hashOf(t, h, "correct horse")
	took := func(hash domain.PasswordHash) time.Duration {
		start := time.Now()
		if match, _, err := h.Verify(t.Context(), secret("wrong"), hash); match || err != nil {
			t.Fatalf("got %v, %v", match, err)
		}
		return time.Since(start)
	}
	const tries = 10
	var ratio float64
	for range tries {
		var unknown, wrong []time.Duration
		for range 5 {
			unknown = append(unknown, took(domain.PasswordHash{}))
			wrong = append(wrong, took(hash))
		}
		slices.Sort(unknown)
		slices.Sort(wrong)
		if ratio = float64(unknown[2]) / float64(wrong[2]); ratio > 0.8 && ratio < 1.25 {
			return
		}
	}
	t.Errorf("an unknown account took %.2f times as long as a wrong password, in the last of %d tries", ratio, tries)
}

func BenchmarkVerify(b *testing.B) {
	h := NewHasher()
	hash := hashOf(b, h, "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := h.Verify(b.Context(), secret("correct horse"), hash); err != nil {
			b.Fatal(err)
		}
	}
}
