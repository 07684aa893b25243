package portstest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// SessionFeedParts are a feed and the end it is fed from.
type SessionFeedParts struct {
	Feed    ports.SessionFeed
	Publish func(t *testing.T, notice ports.SessionNotice)
}

// SessionFeed is the contract of the way the events that concern sessions come back. Open returns a feed of which nothing was
// published yet, and which brings back no other events than those given to Publish.
func SessionFeed(t *testing.T, open func(t *testing.T) SessionFeedParts) {
	t.Helper()
	check(t, open, feedContracts)
}

var feedContracts = []contract[SessionFeedParts]{
	{"events published before and while following arrive", feedArrives},
	{"an event whose handling failed arrives again", feedAgain},
	{"events published while nobody followed arrive later", feedDown},
	{"following ends with its context", feedEnds},
}

func newNotice() ports.SessionNotice {
	return ports.SessionNotice{
		EventID: domain.EventID{ID: newID()}, UserID: newUserID(), Version: 7, SessionID: domain.SessionID{ID: newID()},
	}
}

// follower follows a feed and records what it was given.
type follower struct {
	stop func()
	mu   sync.Mutex
	got  map[domain.EventID][]ports.SessionNotice
}

// follow starts following. Each event is answered with what answer returns for the number of times it came.
func follow(t *testing.T, ctx context.Context, feed ports.SessionFeed, answer func(times int) error) *follower {
	t.Helper()
	f := &follower{got: map[domain.EventID][]ports.SessionNotice{}}
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() {
		err := feed.Follow(ctx, func(_ context.Context, notice ports.SessionNotice) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.got[notice.EventID] = append(f.got[notice.EventID], notice)
			return answer(len(f.got[notice.EventID]))
		})
		if ctx.Err() == nil {
			t.Errorf("follow: returned %v before its context ended", err)
		}
	})
	f.stop = func() { cancel(); following.Wait() }
	t.Cleanup(f.stop)
	return f
}

func (f *follower) times(id domain.EventID) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.got[id])
}

// wantArrived waits until an event came a number of times and checks what it told.
func (f *follower) wantArrived(t *testing.T, ctx context.Context, want ports.SessionNotice, times int) {
	t.Helper()
	eventually(t, ctx, "arrival of an event", func() bool { return f.times(want.EventID) >= times })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, got := range f.got[want.EventID] {
		if diff := diff(want, got); diff != "" {
			t.Errorf("event differs (-want +got):\n%s", diff)
		}
	}
}

func handled(int) error { return nil }

func feedArrives(t *testing.T, ctx context.Context, p SessionFeedParts) {
	before, all, others, roles, during := newNotice(), newNotice(), newNotice(), newNotice(), newNotice()
	deleted, merged := newNotice(), newNotice()
	all.SessionID = domain.SessionID{}
	others.SessionID, others.Except = domain.SessionID{}, others.SessionID
	roles.SessionID, roles.RolesChanged, roles.Version = domain.SessionID{}, true, 1<<40
	deleted.SessionID, deleted.Deleted = domain.SessionID{}, true
	merged.SessionID, merged.Deleted, merged.Also = domain.SessionID{}, true, []domain.UserID{newUserID(), newUserID()}
	for _, notice := range []ports.SessionNotice{before, all, others, roles, deleted, merged} {
		p.Publish(t, notice)
	}
	f := follow(t, ctx, p.Feed, handled)
	for _, notice := range []ports.SessionNotice{before, all, others, roles, deleted, merged} {
		f.wantArrived(t, ctx, notice, 1)
	}
	p.Publish(t, during)
	f.wantArrived(t, ctx, during, 1)
}

func feedAgain(t *testing.T, ctx context.Context, p SessionFeedParts) {
	first, second := newNotice(), newNotice()
	f := follow(t, ctx, p.Feed, func(times int) error {
		if times < 3 {
			return errors.New("the session store is down")
		}
		return nil
	})
	p.Publish(t, first)
	p.Publish(t, second)
	f.wantArrived(t, ctx, first, 3)
	f.wantArrived(t, ctx, second, 3)
}

func feedDown(t *testing.T, ctx context.Context, p SessionFeedParts) {
	first, second := newNotice(), newNotice()
	f := follow(t, ctx, p.Feed, handled)
	p.Publish(t, first)
	f.wantArrived(t, ctx, first, 1)
	f.stop()
	p.Publish(t, second)
	follow(t, ctx, p.Feed, handled).wantArrived(t, ctx, second, 1)
}

func feedEnds(t *testing.T, ctx context.Context, p SessionFeedParts) {
	follow(t, ctx, p.Feed, handled).stop()
	_ = p.Feed.Follow(cancelled(ctx), func(context.Context, ports.SessionNotice) error { return nil })
}

// RelayHints is the contract of hints between replicas. Open returns the hints of two replicas of one service.
func RelayHints(t *testing.T, open func(t *testing.T) (one, other ports.RelayHints)) {
	t.Helper()
	type replicas struct{ one, other ports.RelayHints }
	check(t, func(t *testing.T) replicas {
		one, other := open(t)
		return replicas{one, other}
	}, []contract[replicas]{
		{"a hint reaches the other replica", func(t *testing.T, ctx context.Context, r replicas) {
			eventually(t, ctx, "arrival of a hint", func() bool {
				r.one.Hint() // best effort: one alone may be dropped
				select {
				case <-r.other.Hints():
					return true
				default:
					return false
				}
			})
		}},
		{"hints that nobody receives do not block", func(_ *testing.T, _ context.Context, r replicas) {
			for range 10_000 {
				r.one.Hint()
			}
		}},
	})
}
