package session_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// chanFeed hands on what it is given.
type chanFeed chan ports.SessionNotice

func (f chanFeed) Follow(ctx context.Context, handle func(context.Context, ports.SessionNotice) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case notice := <-f:
			_ = handle(ctx, notice) // the feed would bring it again
		}
	}
}

// diary is what was handled, and when.
type diary struct {
	began time.Time

	mu      sync.Mutex
	handled []entry
	failing error
}

type entry struct {
	after  time.Duration
	notice ports.SessionNotice
}

func (d *diary) handle(_ context.Context, notice ports.SessionNotice) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing == nil {
		d.handled = append(d.handled, entry{time.Since(d.began), notice})
	}
	return d.failing
}

func (d *diary) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = err
}

func (d *diary) read() []entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.handled)
}

func (d *diary) times() (times []time.Duration) {
	for _, e := range d.read() {
		times = append(times, e.after)
	}
	return times
}

// repeating follows a feed that is repeated, and stops when the test's own part is over.
func repeating(t *testing.T, part func(chanFeed, *diary), after ...time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		feed, d, ended := make(chanFeed), &diary{began: time.Now()}, make(chan error)
		go func() { ended <- session.NewRepeat(feed, after...).Follow(ctx, d.handle) }()
		part(feed, d)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

func later(wait time.Duration) {
	time.Sleep(wait) // of the test's own clock
	synctest.Wait()
}

func TestNoticeIsHandledAgainAfterEachTime(t *testing.T) {
	t.Parallel()
	repeating(t, func(feed chanFeed, d *diary) {
		feed <- ports.SessionNotice{Version: 1}
		later(time.Minute)
		want := []time.Duration{0, time.Second, 10 * time.Second}
		if got := d.times(); !slices.Equal(got, want) {
			t.Errorf("handled after %v, want %v", got, want)
		}
	}, time.Second, 10*time.Second)
}

func TestRepetitionThatFailsIsTriedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	repeating(t, func(feed chanFeed, d *diary) {
		feed <- ports.SessionNotice{Version: 1}
		feed <- ports.SessionNotice{Version: 2}
		synctest.Wait()
		d.fail(domain.ErrUnavailable)
		later(30*time.Second + time.Millisecond)
		d.fail(nil)
		later(time.Second)
		if len(d.read()) != 4 || d.read()[2].notice.Version != 1 || d.read()[3].notice.Version != 2 {
			t.Fatalf("got %v, want both again in their order", d.read())
		}
		if got := d.read()[3].after; got > 31*time.Second {
			t.Errorf("handled again after %v, want at once when it could be", got)
		}
	}, time.Second)
}

func TestNoticeThatWasNotHandledIsTheFeedsToBringAgain(t *testing.T) {
	t.Parallel()
	repeating(t, func(feed chanFeed, d *diary) {
		d.fail(domain.ErrUnavailable)
		feed <- ports.SessionNotice{Version: 1}
		synctest.Wait()
		d.fail(nil)
		later(time.Minute)
		if len(d.read()) != 0 {
			t.Errorf("got %v, want nothing", d.read())
		}
	}, time.Second)
}

func TestDeletionIsRepeatedForTheSessionsAlone(t *testing.T) {
	t.Parallel()
	user, merged := domain.UserID{ID: domain.ID{1}}, domain.UserID{ID: domain.ID{2}}
	repeating(t, func(feed chanFeed, d *diary) {
		feed <- ports.SessionNotice{UserID: user, Version: 7, Deleted: true, Also: []domain.UserID{merged}}
		later(time.Minute)
		if len(d.read()) != 3 {
			t.Fatalf("got %v, want the deletion and two endings", d.read())
		}
		one, other := d.read()[1].notice, d.read()[2].notice
		if one.Deleted || one.UserID != user || one.Version != 7 {
			t.Errorf("got %+v, want the end of the user's sessions", one)
		}
		if other.Deleted || other.UserID != merged || other.Version <= 7 {
			t.Errorf("got %+v, want the end of all sessions of the merged account", other)
		}
	}, time.Second)
}

func TestFeedThatIsNotRepeatedIsHandedOn(t *testing.T) {
	t.Parallel()
	repeating(t, func(feed chanFeed, d *diary) {
		feed <- ports.SessionNotice{Version: 1}
		later(time.Minute)
		if len(d.read()) != 1 {
			t.Errorf("got %v, want it once", d.read())
		}
	})
}

func TestRepetitionThatNeverSucceedsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	repeating(t, func(feed chanFeed, d *diary) {
		feed <- ports.SessionNotice{Version: 1}
		synctest.Wait()
		d.fail(errors.New("malformed"))
		later(2 * time.Second)
		d.fail(nil)
		feed <- ports.SessionNotice{Version: 2}
		later(time.Minute)
		if last := len(d.read()) - 1; len(d.read()) != 3 || d.read()[last].notice.Version != 2 {
			t.Errorf("got %v, want the second notice again and the first no more", d.read())
		}
	}, time.Second)
}
