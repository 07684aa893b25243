package subscriber

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The errors with which Run returns although its context has not ended.
var (
	// ErrOvertaken: events were removed from the stream before this consumer had read them.
	ErrOvertaken = errors.New("retention has overtaken the consumer")
	// ErrNarrowed: the consumer asks for kinds of events that have no handler any more.
	ErrNarrowed = errors.New("the consumer would be narrowed")
	// ErrForeign: a consumer of that name exists and was not made by this kit.
	ErrForeign = errors.New("the consumer belongs to somebody else")
	// ErrTooOld: the server cannot give a consumer to one process at a time; NATS 2.11 and newer can.
	ErrTooOld = errors.New("the NATS server is too old")
	// ErrNoDeadLetters: the dead-letter stream cannot be made, or cannot take what this subscriber gives up.
	ErrNoDeadLetters = errors.New("nothing takes the dead letters")
	// ErrUnused: Run was called twice, or without a handler.
	ErrUnused = errors.New("the subscriber cannot run")
)

const (
	firstRetry = 250 * time.Millisecond
	maxRetry   = 5 * time.Second
	logEvery   = time.Minute // one line about an outage in so much time
)

// Subscriber hands the events of the stream to handlers. Register them, then call Run.
type Subscriber struct {
	js       jetstream.JetStream
	name     string
	options  Options
	handlers handlers
	crowded  atomic.Pointer[time.Time] // when the log last had it
	unmarked atomic.Bool               // the log has had it
	latest   recent
	started  atomic.Bool

	// Of Run alone: when the consumer was last looked at, by the server's clock, and up to which place everything was settled then.
	looked time.Time
	place  uint64
}

// New makes a subscriber. The name is that of its durable consumer: NATS keeps under it how far your service has come, so it
// stays the same from release to release, and all replicas of the service share it. The connection behind js stays the
// caller's; give it nats.MaxReconnects(-1), or it is given up after two minutes without NATS.
func New(js jetstream.JetStream, name string, options Options) *Subscriber {
	return &Subscriber{
		js: js, name: name, options: options.withDefaults(name),
		handlers: handlers{byType: make(map[string]rawHandler)},
	}
}

// mustNotRun keeps handlers from being registered while they are used.
func (s *Subscriber) mustNotRun() {
	if s.started.Load() {
		panic("menjin: handlers are registered before Run")
	}
}

// Run hands out events until ctx ends. Then it takes no more, lets the handlers that run finish, gives back the rest and
// returns nil. It returns an error when going on would lose events, see the package's errors, or when the connection was closed
// for good; it may be called once.
func (s *Subscriber) Run(ctx context.Context) error {
	if !s.started.CompareAndSwap(false, true) || len(s.handlers.subjects) == 0 {
		return ErrUnused
	}
	wait, logged := firstRetry, time.Time{}
	for {
		began := time.Now()
		err := s.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if isFinal(err) {
			return err
		}
		if s.js.Conn().IsClosed() {
			return fmt.Errorf("receive events: %w", nats.ErrConnectionClosed)
		}
		if time.Since(logged) > logEvery {
			s.options.Log.WarnContext(ctx, "events cannot be received for now", "consumer", s.name, "error", err)
			logged = time.Now()
		}
		if time.Since(began) > maxRetry {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(jitter(wait)):
		}
		wait = min(2*wait, maxRetry)
	}
}

func isFinal(err error) bool {
	return slices.ContainsFunc([]error{
		ErrOvertaken, ErrNarrowed, ErrForeign, ErrTooOld, ErrNoDeadLetters, jetstream.ErrInvalidConsumerName, jetstream.ErrInvalidStreamName,
	}, func(final error) bool { return errors.Is(err, final) })
}

// Lag tells how many events wait to be handled, those put off included. 0 means that the service has seen everything.
func (s *Subscriber) Lag(ctx context.Context) (uint64, error) {
	consumer, err := s.js.Consumer(ctx, s.options.Stream, s.name)
	if err != nil {
		return 0, err
	}
	info := consumer.CachedInfo()
	return info.NumPending + uint64(max(info.NumAckPending, 0)), nil
}

// backoff is how long an event is put off that has failed so often.
func (s *Subscriber) backoff(failures int) time.Duration {
	delay := s.options.MaxDelay
	if doublings := failures - 1; doublings < 30 {
		delay = min(s.options.FirstDelay<<doublings, delay)
	}
	return jitter(delay)
}

// jitter spreads what would otherwise come all at once.
func jitter(delay time.Duration) time.Duration {
	return delay - delay/4 + rand.N(delay/2+1)
}

// recent remembers the last sequence handled of the users who were last heard of, in bounded memory: when the newer half is
// full, the older one is forgotten.
type recent struct {
	newer, older map[string]int64
}

const recentHalf = 50_000

func (r *recent) last(user string) int64 { return max(r.newer[user], r.older[user]) }

func (r *recent) note(user string, sequence int64) {
	if user == "" {
		return
	}
	if len(r.newer) >= recentHalf {
		r.older, r.newer = r.newer, nil
	}
	if r.newer == nil {
		r.newer = make(map[string]int64)
	}
	r.newer[user] = max(r.last(user), sequence)
}
