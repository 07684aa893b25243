package kittest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/kittest"
	"github.com/menjin-id/menjin/clients/go/subscriber"
)

var errBusy = errors.New("busy")

func quick() subscriber.Options {
	return subscriber.Options{
		AckWait: 2 * time.Second, FirstDelay: 5 * time.Millisecond, MaxDelay: 50 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler),
	}
}

// run runs a subscriber until the returned function is called, which waits for it and returns what Run did.
func run(t *testing.T, s *subscriber.Subscriber) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return stop
}

// record is what handlers did.
type record struct {
	mu   sync.Mutex
	seen []string
	more chan struct{}
}

func newRecord() *record { return &record{more: make(chan struct{}, 10_000)} }

func (r *record) note(what string) {
	r.mu.Lock()
	r.seen = append(r.seen, what)
	r.mu.Unlock()
	r.more <- struct{}{}
}

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// wait returns once so much was noted.
func (r *record) wait(t *testing.T, n int) []string {
	t.Helper()
	ctx := kittest.Soon(t)
	for {
		if seen := r.all(); len(seen) >= n {
			return seen
		}
		select {
		case <-r.more:
		case <-ctx.Done():
			t.Fatalf("got %v, want %d of them", r.all(), n)
		}
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx := kittest.Soon(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not so after %s: %s", "a long time", what)
		}
	}
}

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestEventReachesTheHandlerOfItsType(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t,
		kittest.Registered("u1", 1), kittest.Of("menjin.user.registered.v2", "u1", 2, "other"),
		kittest.Of(menjin.TypeLocked, "u1", 3, menjin.Locked{UserID: "u1"}),
		kittest.Of("menjin.wechat.debug_demo.v1", "", 1, menjin.WeChatPushed{AppID: "wx1", Event: "debug_demo", Message: []byte(`{}`)}),
		kittest.ProfileUpdated("u1", 4))
	s := subscriber.New(server.JetStream(t), "typed", quick())
	s.OnRegistered(func(_ context.Context, e menjin.Event[menjin.Registered]) error {
		done.note(fmt.Sprintln("registered", e.UserID, e.Data.UserID, e.Sequence, e.Delivery, e.StreamSequence, e.Replayed, e.Late))
		return nil
	})
	s.OnWeChat("*", func(_ context.Context, e menjin.Event[menjin.WeChatPushed]) error {
		done.note("wechat " + e.Data.Event + " " + e.Type)
		return nil
	})
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		done.note("profile " + e.Data.Fields[0])
		return nil
	})
	stop := run(t, s)
	got := done.wait(t, 3)
	slices.Sort(got)
	wantEqual(t, "handled", got, []string{"profile nickname", "registered u1 u1 1 1 1 false false\n", "wechat debug_demo menjin.wechat.debug_demo.v1"})
	until(t, "nothing is left", func() bool { lag, err := s.Lag(kittest.Soon(t)); return err == nil && lag == 0 })
	wantEqual(t, "Run", stop(), error(nil))
}

func TestFailingEventComesAgainAndHoldsItsUserAlone(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	for _, user := range []string{"u1", "u2"} {
		for i := range int64(3) {
			server.Publish(t, kittest.ProfileUpdated(user, i+1))
		}
	}
	var failures atomic.Int64
	s := subscriber.New(server.JetStream(t), "held", quick())
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		if e.UserID == "u1" && e.Sequence == 1 && failures.Load() < 5 {
			if failures.Add(1) == 5 {
				done.wait(t, 3) // all of u2
			}
			return errBusy
		}
		done.note(fmt.Sprint(e.UserID, "/", e.Sequence))
		return nil
	})
	run(t, s)
	wantEqual(t, "handled", done.wait(t, 6), []string{"u2/1", "u2/2", "u2/3", "u1/1", "u1/2", "u1/3"})
}

func TestEventsOfAUserKeepTheirOrderUnderLoad(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	const users, each = 20, 25
	for i := range each {
		for u := range users {
			server.Publish(t, kittest.ProfileUpdated(fmt.Sprint("u", u), int64(i+1)))
		}
	}
	var mu sync.Mutex
	running, last, calls := map[string]bool{}, map[string]int64{}, 0
	options := quick()
	options.Window, options.Workers = 64, 8
	s := subscriber.New(server.JetStream(t), "ordered", options)
	s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
		mu.Lock()
		if running[e.UserID] {
			t.Errorf("two events of %s at once", e.UserID)
		}
		running[e.UserID] = true
		calls++
		fail := calls%7 == 0
		mu.Unlock()
		defer func() { mu.Lock(); running[e.UserID] = false; mu.Unlock() }()
		if fail {
			return errBusy
		}
		mu.Lock()
		if e.Sequence != last[e.UserID]+1 {
			t.Errorf("%s: %d after %d", e.UserID, e.Sequence, last[e.UserID])
		}
		last[e.UserID] = e.Sequence
		mu.Unlock()
		done.note(e.UserID)
		return nil
	})
	run(t, s)
	done.wait(t, users*each)
}

func TestPoisonousEventIsBuriedBeforeItIsGivenUp(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	poison, broken := kittest.Registered("u1", 1), kittest.Of(menjin.TypeRegistered, "u2", 1, "no object")
	refused := kittest.Registered("u3", 1)
	server.Publish(t, poison, broken, refused, kittest.Registered("u1", 2))
	js := server.JetStream(t)
	var attempts atomic.Int64
	var dead atomic.Int64
	options := quick()
	options.MaxAttempts = 3
	options.Observe = func(o subscriber.Outcome) {
		if o.Result == subscriber.Dead {
			dead.Add(1)
		}
	}
	s := subscriber.New(js, "poisoned", options)
	s.OnRegistered(func(_ context.Context, e menjin.Event[menjin.Registered]) error {
		switch {
		case e.UserID == "u3":
			return subscriber.Permanent(errBusy)
		case e.Sequence == 1 && attempts.Add(1) == 2:
			panic("out of range")
		case e.Sequence == 1:
			return errors.New("cannot\r\nbe done")
		}
		done.note(e.UserID)
		return nil
	})
	stop := run(t, s)
	done.wait(t, 1)
	until(t, "three are dead", func() bool { return dead.Load() == 3 })
	wantEqual(t, "attempts", attempts.Load(), 3)
	letters := map[string]string{}
	stream, err := js.Stream(kittest.Soon(t), "menjin_dead_poisoned")
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 3; seq++ {
		letter, err := stream.GetMsg(kittest.Soon(t), seq)
		if err != nil {
			t.Fatal(err)
		}
		h := letter.Header
		letters[h.Get("ce-subject")] = fmt.Sprint(h.Get("menjin-dead-failures"), " ", h.Get("menjin-dead-reason"), " ", letter.Subject)
	}
	wantEqual(t, "letter of u1", letters["u1"], "3 cannot menjin_dead.poisoned.menjin.user.registered.u1")
	wantEqual(t, "letter of u2", letters["u2"], "1 not an event of Menjin: the data of a menjin.user.registered.v1 is not the JSON it should be menjin_dead.poisoned.menjin.user.registered.u2")
	wantEqual(t, "letter of u3", letters["u3"], "1 busy menjin_dead.poisoned.menjin.user.registered.u3")
	wantEqual(t, "Run", stop(), error(nil))
	wantEqual(t, "unacknowledged", lagOf(t, s), 0)
}

func lagOf(t *testing.T, s *subscriber.Subscriber) uint64 {
	t.Helper()
	lag, err := s.Lag(kittest.Soon(t))
	if err != nil {
		t.Fatal(err)
	}
	return lag
}

func TestEventIsNotGivenUpWithoutALetter(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.Registered("u1", 1))
	js := server.JetStream(t)
	tiny := jetstream.StreamConfig{Name: "full", Subjects: []string{"menjin_dead.unburied.>"}, MaxMsgSize: 1}
	if _, err := js.CreateStream(kittest.Soon(t), tiny); err != nil {
		t.Fatal(err)
	}
	options := quick()
	options.MaxAttempts, options.DeadStream = 1, "full"
	s := subscriber.New(js, "unburied", options)
	s.OnRegistered(func(context.Context, menjin.Event[menjin.Registered]) error { done.note("tried"); return errBusy })
	run(t, s)
	done.wait(t, 3)
	wantEqual(t, "still there", lagOf(t, s), 1)
	tiny.MaxMsgSize = -1
	if _, err := js.UpdateStream(kittest.Soon(t), tiny); err != nil {
		t.Fatal(err)
	}
	until(t, "the letter is written", func() bool { return lagOf(t, s) == 0 })
}

func TestLongWorkIsNotHandedOutTwice(t *testing.T) {
	t.Parallel()
	server, done := kittest.Start(t), newRecord()
	server.Publish(t, kittest.Registered("u1", 1))
	s := subscriber.New(server.JetStream(t), "patient", quick())
	s.OnRegistered(func(ctx context.Context, e menjin.Event[menjin.Registered]) error {
		done.note(fmt.Sprint("delivery ", e.Delivery))
		work, cancel := context.WithTimeout(ctx, 5*time.Second) // more than twice AckWait
		defer cancel()
		<-work.Done()
		return ctx.Err()
	})
	run(t, s)
	done.wait(t, 1)
	until(t, "it is acknowledged", func() bool { return lagOf(t, s) == 0 })
	wantEqual(t, "handled", done.all(), []string{"delivery 1"})
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The server cuts off a client to which it has more to send than it holds for one.
func TestBacklogOfLargeEventsComesWithoutABreak(t *testing.T) {
	t.Parallel()
	for _, size := range []int{4 << 10, 60 << 10} {
		server, events := kittest.Start(t), 8<<20/size
		for i := range events {
			user := fmt.Sprint("u", i%10)
			server.Publish(t, kittest.Of(menjin.TypeProfileUpdated, user, int64(i/10+1),
				menjin.ProfileUpdated{UserID: user, Fields: []string{strings.Repeat("x", size)}, UpdatedAt: time.Now().UTC()}))
		}
		conn, done := server.Connect(t), newRecord()
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		s := subscriber.New(js, "large", subscriber.Options{Log: slog.New(slog.DiscardHandler)})
		s.OnProfileUpdated(func(_ context.Context, e menjin.Event[menjin.ProfileUpdated]) error {
			done.note(e.UserID)
			return nil
		})
		run(t, s)
		done.wait(t, events)
		if got := conn.Stats().Reconnects; got != 0 {
			t.Errorf("events of %d bytes: the client was cut off %d times", size, got)
		}
	}
}
