package natsbus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/ports"
)

const (
	// feedConsumer is called after what it brought at first. NATS keeps under this name how far the service has come, so that
	// one that is updated goes on from there.
	feedConsumer = "menjin_revocations"

	pullSettles    = 20 * time.Millisecond
	followRetry    = 500 * time.Millisecond
	followLog      = time.Minute // one line about an outage in so much time
	firstRedeliver = 100 * time.Millisecond
	maxRedeliver   = 500 * time.Millisecond

	// A replica that was killed with a message in its hands holds it for ackWait. One that is at work on a message says so
	// every ackExtend, but not for longer than maxHold: another replica may reach the store that this one waits for.
	ackWait   = 500 * time.Millisecond
	ackExtend = 150 * time.Millisecond
	maxHold   = 2 * time.Second
)

type handleNotice = func(ctx context.Context, notice ports.SessionNotice) error

// Follow shares the events among all replicas that follow; each is handled by one of them. It goes on while NATS is away
// and returns the context's error.
func (b *Bus) Follow(ctx context.Context, handle handleNotice) error {
	var logged time.Time
	for {
		err := b.follow(ctx, handle)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(logged) > followLog {
			b.log.WarnContext(ctx, "session events cannot be followed for now", "error", b.explain(err))
			logged = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(followRetry):
		}
	}
}

// follow returns when the consumer is gone or cannot be had.
func (b *Bus) follow(ctx context.Context, handle handleNotice) error {
	// Before the first event too, so that subscribers find the stream on a NATS that has just been set up.
	if err := b.EnsureStream(ctx); err != nil {
		return err
	}
	consumer, err := b.feed(ctx)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(
		// What waited here behind another message would be held from other replicas, and come twice after ackWait.
		jetstream.PullMaxMessages(1), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(2*time.Second),
	)
	if err != nil {
		return fmt.Errorf("pull session events: %w", err)
	}
	defer messages.Stop()
	for {
		message, err := next(ctx, messages)
		if errors.Is(err, jetstream.ErrNoHeartbeat) && b.listener.IsReconnecting() {
			continue // the pull is resumed with the connection
		}
		if err != nil {
			return fmt.Errorf("pull session events: %w", err)
		}
		if err := b.notify(ctx, message, handle); err != nil {
			b.log.WarnContext(ctx, "session event could not be answered and comes again", "error", err)
		}
	}
}

// next looks twice. A message that is there before the client has noted that its pull is sent keeps it from sending the next,
// and it would sit without one until it missed the heartbeats.
func next(ctx context.Context, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	message, err := messages.Next(jetstream.NextMaxWait(pullSettles))
	if !errors.Is(err, nats.ErrTimeout) {
		return message, err
	}
	return messages.Next(jetstream.NextContext(ctx))
}

// feed makes the consumer, or widens to today's subjects the one that an earlier release left.
func (b *Bus) feed(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	consumer, err := b.events.CreateOrUpdateConsumer(ctx, StreamName, jetstream.ConsumerConfig{
		Durable: feedConsumer, Description: "Does once more what events of sessions and deletions announced",
		FilterSubjects: noticeSubjects(), AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxDeliver: -1,
	})
	if err != nil {
		return nil, unavailable("ensure consumer "+feedConsumer, err)
	}
	return consumer, nil
}

// notify returns an error when the message could be neither acknowledged nor put off.
func (b *Bus) notify(ctx context.Context, message jetstream.Msg, handle handleNotice) error {
	notice, err := readNotice(message)
	if err != nil {
		b.log.ErrorContext(ctx, "session event is malformed and dropped", "subject", message.Subject(), "error", err)
		return message.TermWithReason("malformed")
	}
	letGo := hold(message)
	within, endSpan := b.traceNotice(ctx, message)
	err = handle(within, notice)
	endSpan(err)
	letGo()
	if err != nil {
		if ctx.Err() == nil {
			b.log.WarnContext(ctx, "session event is put off", "event_id", notice.EventID.String(), "error", err)
		}
		return message.NakWithDelay(redeliverAfter(message))
	}
	return message.Ack()
}

// hold keeps a message from other replicas until it is let go, or until maxHold.
func hold(message jetstream.Msg) (letGo func()) {
	done := make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		tick := time.NewTicker(ackExtend)
		defer tick.Stop()
		for range maxHold / ackExtend {
			select {
			case <-tick.C:
				_ = message.InProgress() // one that is lost brings the message once more, to whoever asks
			case <-done:
				return
			}
		}
	})
	return func() { close(done); holding.Wait() }
}

func redeliverAfter(message jetstream.Msg) time.Duration {
	meta, err := message.Metadata()
	if err != nil {
		return firstRedeliver
	}
	// The shift is bounded: it would overflow after a day of retries.
	return min(firstRedeliver<<min(meta.NumDelivered-1, 16), maxRedeliver)
}
