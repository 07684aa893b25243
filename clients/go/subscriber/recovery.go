package subscriber

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// How soon to ask again whether everything is here.
const (
	firstAsk = 20 * time.Millisecond
	maxAsk   = 250 * time.Millisecond
)

// answer is how many events the server waited to be settled, and how many of them were here when it was asked.
type answer struct {
	held, unsettled int
	err             error
}

func (r *session) take(ctx context.Context, message jetstream.Msg) {
	d := receive(message)
	if d == nil {
		return // not from a consumer; there is nothing to settle
	}
	if d.pin != r.pin || r.pin == "" {
		r.pin = d.pin
		r.lanes.drop() // it comes again, to whoever has the pin then
		r.recovering, r.askAfter = true, firstAsk
		r.options.Log.InfoContext(ctx, "events are received", "consumer", r.name)
	}
	r.follow(d.sequence)
	r.lanes.add(d)
	if r.recovering && !r.asking && r.askAgain == nil {
		r.ask(ctx)
	}
}

// ask finds out whether everything that the server waits for is here. A handler that still runs would settle something in
// between and falsify the count.
func (r *session) ask(ctx context.Context) {
	r.askAgain = nil
	if r.lanes.running > 0 {
		r.askLater()
		return
	}
	r.asking = true
	held := r.lanes.held
	go func() { // ends within requestWait; answers has room for it
		ctx, cancel := context.WithTimeout(ctx, requestWait)
		defer cancel()
		info, err := r.consumer.Info(ctx)
		if err != nil {
			r.answers <- answer{err: err}
			return
		}
		r.answers <- answer{held: held, unsettled: info.NumAckPending}
	}()
}

func (r *session) askLater() {
	r.askAgain = time.After(r.askAfter)
	r.askAfter = min(2*r.askAfter, maxAsk)
}

func (r *session) recover(ctx context.Context, a answer) {
	r.asking = false
	if a.err == nil && a.held == a.unsettled {
		r.recovering = false
		return
	}
	if a.err != nil && ctx.Err() == nil {
		r.options.Log.DebugContext(ctx, "the consumer does not answer", "consumer", r.name, "error", a.err)
	}
	r.askLater()
}
