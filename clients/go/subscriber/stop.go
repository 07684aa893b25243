package subscriber

import (
	"context"
	"errors"
	"time"
)

// stop gives back what no handler has, and waits for those that run.
func (r *session) stop(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	r.pull.drain()
	for _, d := range r.lanes.drop() {
		_ = d.message.Nak() // without it the event comes after AckWait
	}
	prolong := time.NewTicker(r.options.AckWait / 3)
	defer prolong.Stop()
	timeout := time.NewTimer(r.options.StopTimeout)
	defer timeout.Stop()
	messages := r.pull.messages
	for messages != nil || r.lanes.running > 0 || r.asking {
		select {
		case message, open := <-messages:
			if !open {
				messages = nil
				continue
			}
			_ = message.Nak()
		case s := <-r.settled:
			r.settle(ctx, s)
		case <-r.answers:
			r.asking = false
		case <-prolong.C:
			r.prolong(ctx)
		case <-timeout.C:
			r.abandon()
			r.pull.stop()
		}
	}
	r.handOver(ctx)
}

// handOver lets another replica go on at once.
func (r *session) handOver(ctx context.Context) {
	if !r.js.Conn().IsConnected() {
		return
	}
	if time.Since(r.began) > settling {
		_ = r.markProgress(ctx) // it ends anyway
	}
	if r.pin == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := r.unpin(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		r.options.Log.DebugContext(ctx, "the consumer is not unpinned", "consumer", r.name, "error", err)
	}
}

// unpin does nothing when somebody else has the consumer by now.
func (r *session) unpin(ctx context.Context) error {
	info, err := r.consumer.Info(ctx)
	if err != nil {
		return err
	}
	for _, g := range info.PriorityGroups {
		if g.Group == group && g.PinnedClientID == r.pin {
			return r.stream.UnpinConsumer(ctx, r.name, group)
		}
	}
	return nil
}
