package subscriber

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	markEvery = 10 * time.Minute
	settling  = time.Second // for so long a consumer that was just made may tell that it has nothing to hand out
)

// session is one stay at the consumer: from finding it until the context ends or it is lost. Everything in it belongs to the
// goroutine of loop.
type session struct {
	*Subscriber
	began    time.Time
	stream   jetstream.Stream
	consumer jetstream.Consumer
	pull     *pull
	lanes    *lanes
	settled  chan settlement

	handling context.Context // of the handlers: it outlives that of Run
	abandon  context.CancelFunc

	// The server gives the consumer to one client at a time and names each such time by a pin. With a new one we may not go on
	// before everything that was handed out under the last has come again: it may be older than what we have.
	pin        string
	recovering bool
	asking     bool
	answers    chan answer
	askAfter   time.Duration
	askAgain   <-chan time.Time

	newest uint64 // place in the stream up to which the consumer has come
	passed uint64 // the first place that it has passed over since the stream's beginning was looked at
}

// session returns when ctx has ended and everything is given back, or an error.
func (s *Subscriber) session(ctx context.Context) error {
	stream, consumer, err := s.ensure(ctx)
	if err != nil {
		return err
	}
	if err := s.ensureDead(ctx); err != nil {
		return err
	}
	pull, err := startPull(consumer, s.js.Conn(), &s.options)
	if err != nil {
		return fmt.Errorf("pull events: %w", err)
	}
	r := &session{
		Subscriber: s, began: time.Now(), stream: stream, consumer: consumer, pull: pull, lanes: newLanes(),
		settled: make(chan settlement), answers: make(chan answer, 1), newest: s.place,
	}
	r.handling, r.abandon = context.WithCancel(context.WithoutCancel(ctx))
	defer r.abandon()
	if err = r.loop(ctx); errors.Is(err, errWasNarrow) {
		r.options.Log.ErrorContext(ctx, "events may have been passed over", "consumer", r.name, "error", err)
	}
	r.stop(ctx)
	return err
}

// loop returns nil when ctx has ended, and otherwise why nothing more can be pulled.
func (r *session) loop(ctx context.Context) error {
	prolong := time.NewTicker(r.options.AckWait / 3)
	defer prolong.Stop()
	mark := time.NewTimer(settling)
	defer mark.Stop()
	for {
		r.startWork()
		select {
		case message, open := <-r.pull.messages:
			if !open {
				return r.pull.err
			}
			r.take(ctx, message)
		case s := <-r.settled:
			r.settle(ctx, s)
		case <-prolong.C:
			r.prolong(ctx)
			if err := r.checkPassed(ctx); err != nil {
				return err
			}
		case <-r.askAgain:
			r.ask(ctx)
		case a := <-r.answers:
			r.recover(ctx, a)
		case <-mark.C:
			if err := r.markProgress(ctx); err != nil {
				return err
			}
			mark.Reset(markEvery)
		case <-ctx.Done():
			return nil
		}
	}
}

// startWork hands events to handlers, as many as may run at once.
func (r *session) startWork() {
	for !r.recovering && r.lanes.running < r.options.Workers {
		d := r.lanes.start()
		if d == nil {
			return
		}
		if time.Since(d.prolonged) > r.options.AckWait {
			r.lanes.done(d) // this process was stopped for a while, and the event went to another one
			continue
		}
		d.event.Late = d.event.Sequence <= r.latest.last(d.event.UserID)
		go func() { r.settled <- r.work(r.handling, d) }()
	}
}

// putOffLevel warns of the first failure of an event, the second, the fourth and so on: an outage lets a window of them fail for hours.
func putOffLevel(failures int) slog.Level {
	if failures&(failures-1) == 0 {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

func (r *session) settle(ctx context.Context, s settlement) {
	s.Took = time.Since(s.began)
	if s.Result == PutOff {
		r.lanes.postpone(s.delivery, time.Now().Add(s.delay+2*r.options.AckWait))
		r.options.Log.Log(ctx, putOffLevel(s.Failures), "event is put off", "consumer", r.name, "event_id", s.EventID, "type", s.Type,
			"failures", s.Failures, "delay", s.delay, "error", s.Err)
	} else {
		r.lanes.done(s.delivery)
		r.latest.note(s.UserID, s.delivery.event.Sequence)
	}
	if s.Result == Dead {
		r.options.Log.ErrorContext(ctx, "event is dead", "consumer", r.name, "event_id", s.EventID, "type", s.Type,
			"failures", s.Failures, "dead_stream", r.options.DeadStream, "error", s.Err)
	}
	r.options.Observe(s.Outcome)
}

// prolong keeps what is here from coming again. Without a connection it would only pile up in the client, and say so to the
// server when it is too late.
func (r *session) prolong(ctx context.Context) {
	if r.js.Conn().IsConnected() {
		r.lanes.each(func(d *delivery) {
			if d.message.InProgress() == nil {
				d.prolonged = time.Now()
			}
		})
	}
	if n := r.lanes.overdue(time.Now()); n > 0 {
		r.options.Log.WarnContext(ctx, "events that were put off did not come again", "consumer", r.name, "events", n)
	}
}
