package redisstore_test

import (
	"errors"
	"strconv"
	"strings"
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

func TestCommandsOfACrowdShareRoundTrips(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits)
	_, session := s.open(t)
	reads := func() int {
		text, err := s.client.Info(t.Context(), "stats").Result()
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(text, "total_reads_processed:")
		count, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]))
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	const size, rounds = 64, 20
	before := reads()
	for range rounds {
		for _, err := range crowd(size, func(int) error { return s.touch(t, session) }) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := reads() - before; got > size*rounds/2 {
		t.Errorf("%d commands took %d reads of Redis, want less than half as many", size*rounds, got)
	}
}

func TestRedisThatStallsUnderACrowdIsUnavailableSoonForEachAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	s := newSetup(t, server.URL(), limits)
	_, session := s.open(t)
	limiter := redisstore.NewLimiter(s.client)
	rate := ports.Rate{Burst: 1000, Per: time.Minute}
	if err := s.client.Do(t.Context(), "CLIENT", "PAUSE", "60000", "ALL").Err(); err != nil {
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
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the last of the crowd knew after %v", took)
	}
	server.Kill()
	server.Start()
	waitFor(t, s.store.Ping)
	s.openFor(t, session)
	if err := s.touch(t, session); err != nil {
		t.Errorf("touch once it is back: %v", err)
	}
}
