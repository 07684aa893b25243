package redisstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
	"github.com/menjin-id/menjin/ports"
)

// people are one with a session on the master that is harmed, and one with a session elsewhere.
func people(t *testing.T, s *setup, cluster *redistest.Cluster, harmed int) (there, elsewhere *domain.Session) {
	t.Helper()
	for there == nil || elsewhere == nil {
		user, session := s.open(t)
		if cluster.MasterOf("{"+user.String()+"}") == harmed {
			there = session
		} else {
			elsewhere = session
		}
	}
	return there, elsewhere
}

// keyOn is a key of a limiter that lies on a master.
func keyOn(cluster *redistest.Cluster, master int) string {
	for {
		if key := newID().String(); cluster.MasterOf("{"+key+"}") == master {
			return key
		}
	}
}

func TestOnlyWhoseMasterDiedWaitAndOnlyForTheCopy(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, time.Hour) // no copy takes over before it is to
	s := newSetup(t, cluster.URL(), limits)
	there, elsewhere := people(t, s, cluster, 0)
	limiter, attempts := redisstore.NewLimiter(s.client), redisstore.NewAttempts(s.client)
	key, two := keyOn(cluster, 0), ports.Rate{Burst: 2, Per: time.Hour}

	take := func() (wait time.Duration, err error) {
		err = answered(t, func() error { wait, err = limiter.Take(t.Context(), key, two, now()); return err })
		return wait, err
	}

	cluster.Kill(0)
	wantUnavailable(t, "touch on the dead master", func() error { return s.touch(t, there) })
	wantUnavailable(t, "count an attempt on the dead master", func() error {
		_, err := attempts.Try(t.Context(), key, now())
		return err
	})
	for i, limited := range []bool{false, false, true} {
		wait, err := take()
		if err != nil || wait > 0 != limited {
			t.Errorf("take %d from an allowance on the dead master: wait %v, %v, want limited: %t", i+1, wait, err, limited)
		}
	}
	if err := answered(t, func() error { return s.touch(t, elsewhere) }); err != nil {
		t.Errorf("touch on a master that lives: %v", err)
	}
	s.reopen(t, newSession(elsewhere.State().UserID, now(), limits))
	if err := answered(t, func() error { return s.store.Ping(t.Context()) }); err != nil {
		t.Errorf("ping while two of three masters live: %v", err)
	}
	cluster.Notice(time.Second)
	// The dead master does not come back to send anybody on to its copy.
	waitFor(t, func(context.Context) error {
		if err := s.touch(t, there); !errors.Is(err, domain.ErrSessionEnded) { // the copy may not have heard of it
			return err
		}
		return nil
	})
	s.reopen(t, newSession(there.State().UserID, now(), limits))
	if wait, err := take(); err != nil || wait > 0 {
		t.Errorf("take from the allowance on the copy: wait %v, %v, want none", wait, err)
	}
}

func TestNobodyWaitsForAMasterThatHangsButThoseWhoseItIs(t *testing.T) {
	t.Parallel()
	cluster := redistest.NewCluster(t, time.Minute) // no copy takes over
	s := newSetup(t, cluster.URL(), limits)
	there, elsewhere := people(t, s, cluster, 1)
	cluster.Pause(1)

	leave := make(chan struct{})
	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() {
			for {
				select {
				case <-leave:
					return
				default:
					_ = s.touch(t, there) // what it says is the other test's business
				}
			}
		})
	}
	const rounds = 50
	late := 0
	for range rounds {
		began := time.Now()
		if err := s.touch(t, elsewhere); err != nil || time.Since(began) > 200*time.Millisecond {
			t.Logf("touch on a master that answers: %v after %v", err, time.Since(began))
			late++
		}
	}
	// Behind batches that are not answered each would take four tenths of a second, or fail; a busy machine makes some late.
	if late > rounds/2 {
		t.Errorf("of %d touches on a master that answers %d were late", rounds, late)
	}
	close(leave)
	waiting.Wait()
}
