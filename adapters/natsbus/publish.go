package natsbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Publish may be called for several shards at once. After an error other than *ports.RejectedError the connection is
// thrown away, so that nothing of the batch can be stored after the next one has begun to be sent.
func (b *Bus) Publish(
	ctx context.Context, recorded ports.StreamPosition, messages []ports.OutboxEvent,
) (ports.StreamPosition, error) {
	l, err := b.connected(ctx, &b.publisher)
	if err != nil {
		return ports.StreamPosition{}, err
	}
	run := batch{
		link: l, recorded: recorded.Sequence, messages: messages,
		envelope: newEnvelope(b.options), futures: make([]jetstream.PubAckFuture, 0, len(messages)),
		tracer: b.options.Tracer, metrics: b.metrics,
	}
	defer run.endSpans()
	if err = b.compare(ctx, l, recorded); err == nil {
		err = run.do(ctx)
	}
	if err == nil {
		l.saw(run.highest)
		return l.position(run.highest), nil
	}
	if _, ok := errors.AsType[*ports.RejectedError](err); ok {
		return ports.StreamPosition{}, err
	}
	b.publisher.drop(l)
	if _, ok := errors.AsType[*ports.RewoundError](err); ok {
		return ports.StreamPosition{}, err
	}
	return ports.StreamPosition{}, unavailable(fmt.Sprintf("publish %d events", len(messages)), err)
}

// compare returns a *ports.RewoundError when the stream is not the recorded one or does not reach as far. Another replica
// may have published past what this connection saw, so only the stream itself can tell.
func (b *Bus) compare(ctx context.Context, l *link, recorded ports.StreamPosition) error {
	if recorded.Stream == "" {
		return nil
	}
	if recorded.Stream != l.stream {
		return &ports.RewoundError{Intact: l.position(0)}
	}
	if l.reaches(recorded.Sequence) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	stream, err := l.openStream(ctx)
	if err != nil {
		return err
	}
	end := stream.CachedInfo().State.LastSeq
	l.saw(end)
	if end < recorded.Sequence {
		return &ports.RewoundError{Intact: l.position(end)}
	}
	return nil
}

// batch is one call of Publish.
type batch struct {
	link     *link
	recorded uint64 // what is stored for the first time lies beyond
	messages []ports.OutboxEvent
	envelope *envelope
	futures  []jetstream.PubAckFuture // of the messages sent, in their order
	acked    int                      // how many of them are acknowledged
	highest  uint64
	metrics  *metrics // nil: what is sent again is not counted
	tracer   trace.Tracer
	spans    []trace.Span              // beside futures, where there is a tracer
	kept     func(subject string) bool // whether a stream takes it and will acknowledge; nil: always
}

func (r *batch) do(ctx context.Context) error {
	lastOf := make(map[domain.UserID]int, len(r.messages))
	for i := range r.messages {
		message := &r.messages[i].Message
		if earlier, found := lastOf[message.UserID]; found {
			if err := r.await(ctx, earlier+1); err != nil {
				return err
			}
		}
		lastOf[message.UserID] = i
		if err := r.send(ctx, message); err != nil {
			return err
		}
	}
	return r.await(ctx, len(r.messages))
}

// noRetry is because a message sent again by the client lands behind those sent after it.
var noRetry = []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}

func (r *batch) send(ctx context.Context, message *ports.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A process that was stopped and goes on may get here before the context's timer has fired.
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	if r.tracer != nil {
		r.spans = append(r.spans, r.tracePublish(ctx, message))
	}
	var (
		future jetstream.PubAckFuture // stays nil where nobody acknowledges
		err    error
	)
	if sealed := r.envelope.seal(message); r.kept == nil || r.kept(sealed.Subject) {
		future, err = r.link.js.PublishMsgAsync(sealed, noRetry...)
	} else {
		err = r.link.conn.PublishMsg(sealed)
	}
	if err != nil {
		return classify(message, err)
	}
	r.futures = append(r.futures, future)
	return nil
}

// await returns when the first n messages are acknowledged.
func (r *batch) await(ctx context.Context, n int) error {
	for ; r.acked < n; r.acked++ {
		future := r.futures[r.acked]
		if future == nil {
			continue
		}
		select {
		case ack := <-future.Ok():
			if !ack.Duplicate && ack.Sequence <= r.recorded {
				return &ports.RewoundError{Intact: r.link.position(ack.Sequence - 1)}
			}
			r.endSpan(r.acked)
			if r.metrics != nil {
				r.metrics.acknowledged(r.messages[r.acked].Message.Type, ack.Duplicate)
			}
			r.highest = max(r.highest, ack.Sequence)
		case err := <-future.Err():
			return classify(&r.messages[r.acked].Message, err)
		case <-r.link.lost:
			return nats.ErrConnectionClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
