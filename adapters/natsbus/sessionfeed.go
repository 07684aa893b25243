package natsbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/ports"
)

const (
	// feedConsumer is called after what it brought at first. NATS keeps under this name how far the service has come, so that
	// one that is updated goes on from there.
	feedConsumer = "menjin_revocations"

	followRetry    = 500 * time.Millisecond
	followLog      = time.Minute // one line about an outage in so much time
	firstRedeliver = 250 * time.Millisecond
	maxRedeliver   = time.Second
	ackWait        = 2 * time.Second // a replica that was killed with a message in its hands holds it so long
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
			b.log.WarnContext(ctx, "session events cannot be followed for now", "error", err)
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
		jetstream.PullMaxMessages(8), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(2*time.Second),
	)
	if err != nil {
		return fmt.Errorf("pull session events: %w", err)
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
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

// feed makes the consumer, or widens to today's subjects the one that an earlier release left.
func (b *Bus) feed(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	consumer, err := b.events.CreateOrUpdateConsumer(ctx, StreamName, jetstream.ConsumerConfig{
		Durable: feedConsumer, Description: "Does to sessions once more what events announced",
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
	if err := handle(ctx, notice); err != nil {
		if ctx.Err() == nil {
			b.log.WarnContext(ctx, "session event is put off", "event_id", notice.Stamp.ID.String(), "error", err)
		}
		return message.NakWithDelay(redeliverAfter(message))
	}
	return message.Ack()
}

func redeliverAfter(message jetstream.Msg) time.Duration {
	meta, err := message.Metadata()
	if err != nil {
		return firstRedeliver
	}
	// The shift is bounded: it would overflow after a day of retries.
	return min(firstRedeliver<<min(meta.NumDelivered-1, 16), maxRedeliver)
}
