package subscriber

import (
	"cmp"
	"log/slog"
	"time"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// Options tune a subscriber. The zero value is a sound one.
type Options struct {
	// Stream is the stream to read. Empty: menjin.Stream.
	Stream string
	// FromNow leaves out what lies in the stream already when the consumer is first made. It has no effect on one that exists, and
	// one made anew in the same Run goes on where it was.
	FromNow bool
	// Workers is how many handlers may run at once, each for another user. 0: 8.
	Workers int
	// Window is how many events may be held unacknowledged, those put off and those that wait behind them included. When they fill
	// it, nothing more is received until one of them succeeds or is given up. 0: 1024.
	Window int
	// AckWait is after how long events of a process that died come again; those that are held or being worked on are
	// prolonged all the time. It also bounds how long another process takes to see that it must take over. 0: 10 s;
	// at least 2 s.
	AckWait time.Duration
	// HandlerTimeout ends a handler's context. 0: a minute.
	HandlerTimeout time.Duration
	// StopTimeout is how long handlers may go on after the context of Run has ended; then theirs ends too. 0: 15 s.
	StopTimeout time.Duration

	// GiveUpAfter is for how long a handler may fail on an event before it goes to the dead-letter stream. Let it be longer than
	// any outage of what the handlers need. 0: 12 hours, or without end where MaxAttempts is set.
	GiveUpAfter time.Duration
	// MaxAttempts is how often it may, whatever the error. 0: any number of errors within GiveUpAfter, and 10 panics.
	//
	// Both count from the first failure in this process. One that starts, or that is given the events anew after an outage of NATS,
	// begins again.
	MaxAttempts int
	// FirstDelay is about how long an event is put off after the first failure. It doubles each time up to MaxDelay, and each
	// delay is up to a quarter shorter or longer at random. 0: 100 ms and 30 s.
	FirstDelay, MaxDelay time.Duration
	// DeadStream receives events that were given up. It is made when it does not exist, and else its subjects are widened, so that
	// several subscribers may share one. Empty: menjin_dead_<name>.
	DeadStream string

	// SkipLate passes over events that are marked Late instead of delivering them.
	SkipLate bool
	// AcceptGap starts although events were removed from the stream before this consumer had read them.
	AcceptGap bool
	// Narrow lets the consumer be narrowed to today's handlers. Without it, a release that no longer handles a kind of event
	// is refused, for others of the same name may still need it.
	Narrow bool

	// Observe is told of each event when it is settled. It is called by several goroutines and must not block. nil: nobody.
	Observe func(Outcome)
	// Log hears what an operator wants to know. nil: the default logger.
	Log *slog.Logger
}

const (
	minAckWait  = 2 * time.Second
	maxPullWait = 10 * time.Second
	minPullWait = time.Second // NATS takes no less
)

func (o Options) withDefaults(name string) Options {
	o.Stream = cmp.Or(o.Stream, menjin.Stream)
	o.Workers = cmp.Or(max(o.Workers, 0), 8)
	o.Window = cmp.Or(max(o.Window, 0), 1024)
	o.AckWait = max(cmp.Or(o.AckWait, 10*time.Second), minAckWait)
	o.HandlerTimeout = cmp.Or(o.HandlerTimeout, time.Minute)
	o.StopTimeout = cmp.Or(o.StopTimeout, 15*time.Second)
	o.MaxAttempts, o.GiveUpAfter = max(o.MaxAttempts, 0), max(o.GiveUpAfter, 0)
	if o.MaxAttempts == 0 {
		o.GiveUpAfter = cmp.Or(o.GiveUpAfter, 12*time.Hour)
	}
	o.FirstDelay = cmp.Or(o.FirstDelay, 100*time.Millisecond)
	o.MaxDelay = max(cmp.Or(o.MaxDelay, 30*time.Second), o.FirstDelay)
	o.DeadStream = cmp.Or(o.DeadStream, "menjin_dead_"+name)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(Outcome) {}
	}
	return o
}

// pullWait is how long a pull lasts. It is renewed well before the others would take this process for dead.
func (o *Options) pullWait() time.Duration {
	return min(max(o.AckWait/4, minPullWait), maxPullWait)
}

// Result says what became of an event.
type Result string

// The results.
const (
	Handled Result = "handled"
	Ignored Result = "ignored" // no handler is for its type
	Skipped Result = "skipped" // late, and Options.SkipLate
	PutOff  Result = "put_off" // comes again
	Dead    Result = "dead"    // written to the dead-letter stream
)

// Outcome is what Options.Observe is told: enough for a counter by type and result, a histogram and a log line.
type Outcome struct {
	Type           string // empty for what is no event
	EventID        string
	UserID         string
	StreamSequence uint64
	Result         Result
	Failures       int // of its handler so far
	Took           time.Duration
	Err            error // of PutOff and Dead
}
