package subscriber

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
)

const headerPin = "Nats-Pin-Id"

// delivery is an event as the server handed it out.
type delivery struct {
	message   jetstream.Msg
	event     menjin.Event[json.RawMessage]
	malformed error
	key       string // of its lane
	sequence  uint64 // in the stream
	pin       string
	prolonged time.Time
	history
	crowd crowd // when it is started again after a failure
}

func receive(message jetstream.Msg) *delivery {
	meta, err := message.Metadata()
	if err != nil {
		return nil
	}
	event, err := menjin.Read(message.Headers(), message.Data())
	event.StreamSequence, event.Delivery = meta.Sequence.Stream, int(min(meta.NumDelivered, 1<<30))
	d := &delivery{
		message: message, event: event, malformed: err, key: event.UserID, sequence: meta.Sequence.Stream,
		pin: message.Headers().Get(headerPin), prolonged: time.Now(),
	}
	if d.key == "" { // it waits for nobody
		d.key = "#" + strconv.FormatUint(d.sequence, 10)
	}
	return d
}

// settlement is what became of a delivery.
type settlement struct {
	Outcome
	delivery *delivery
	began    time.Time
	delay    time.Duration
}

// errNotOurs is for an event that the consumer was widened to by a newer release of the service: to acknowledge it here would
// keep it from the handler that is there.
var errNotOurs = errors.New("another release of this service has a handler for it")

// work handles an event and tells the server. It is called for one event of a user at a time.
func (s *Subscriber) work(ctx context.Context, d *delivery) settlement {
	done := settlement{delivery: d, began: time.Now(), Outcome: Outcome{
		Type: d.event.Type, EventID: d.event.ID, UserID: d.event.UserID, StreamSequence: d.sequence,
	}}
	if d.failures > 0 {
		s.warnOfCrowd(ctx, d.crowd)
	}
	done.Result, done.Err = s.handle(ctx, d)
	switch {
	case done.Err == nil:
		// When the acknowledgement is lost, the event comes again; the user's next one need not wait for that.
		ack, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestWait)
		defer cancel()
		_ = d.message.DoubleAck(ack)
		return done
	case errors.Is(done.Err, errNotOurs):
		s.putOff(&done, s.options.AckWait)
		return done
	case ctx.Err() != nil: // the handler was told to stop, so this was no attempt
		s.putOff(&done, 0)
		return done
	}
	now := time.Now()
	d.note(done.Err, now)
	done.Failures = d.failures
	if s.options.hopeless(d.history, done.Err, now) {
		if err := s.bury(ctx, d, done.Err); err == nil {
			done.Result = Dead
			return done
		} else {
			done.Err = errors.Join(done.Err, err)
		}
	}
	s.putOff(&done, s.backoff(d.failures))
	return done
}

func (s *Subscriber) putOff(done *settlement, delay time.Duration) {
	done.Result, done.delay = PutOff, delay
	_ = done.delivery.message.NakWithDelay(delay) // when it is lost, the event comes after AckWait
}

func (s *Subscriber) handle(ctx context.Context, d *delivery) (Result, error) {
	if d.malformed != nil {
		return "", d.malformed
	}
	handler := s.handlers.of(d.event.Type)
	switch {
	case handler == nil && !s.asksFor(d.message.Subject()):
		return "", errNotOurs
	case handler == nil:
		return Ignored, nil
	case d.event.Late && s.options.SkipLate:
		return Skipped, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.HandlerTimeout)
	defer cancel()
	return Handled, call(ctx, handler, d.event)
}

// call turns a panic into an error: one event must not end the process for all others.
func call(ctx context.Context, handler rawHandler, event menjin.Event[json.RawMessage]) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicError{fmt.Errorf("handler panicked: %v\n%s", p, debug.Stack())}
		}
	}()
	return handler(ctx, event)
}
