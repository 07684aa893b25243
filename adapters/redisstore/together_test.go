package redisstore_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
	"github.com/menjin-id/menjin/ports"
)

// crowd calls do from many goroutines at once and returns their errors.
func crowd(size int, do func(i int) error) []error {
	var wait sync.WaitGroup
	errs := make([]error, size)
	for i := range errs {
		wait.Go(func() { errs[i] = do(i) })
	}
	wait.Wait()
	return errs
}

func TestRedisThatStallsUnderACrowdIsUnavailableSoonForEachAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits)
	_, session := s.open(t)
	limiter := redisstore.NewLimiter(s.client)
	rate := ports.Rate{Burst: 1000, Per: time.Minute}
	const pause = 10 * time.Minute
	if err := s.client.Do(t.Context(), "CLIENT", "PAUSE", pause.Milliseconds(), "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i, err := range crowd(64, func(i int) error {
		if i%2 == 0 {
			return s.touch(t, session)
		}
		_, err := limiter.Take(t.Context(), "crowd", rate, now())
		return err
	}) {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("caller %d: got %v, want %v", i, err, domain.ErrUnavailable)
		}
	}
	t.Logf("the last of the crowd knew after %v", time.Since(start).Round(time.Millisecond))
	if took := time.Since(start); took > pause/10 { // a busy machine takes seconds
		t.Errorf("the last of the crowd knew after %v of a stall of %v", took, pause)
	}
	server.Kill()
	server.Start()
	waitFor(t, s.store.Ping)
	s.reopen(t, session)
	if err := answered(t, func() error { return s.touch(t, session) }); err != nil {
		t.Errorf("touch once it is back: %v", err)
	}
}
