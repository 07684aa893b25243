package natsbus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	revocationsConsumer = "menjin_revocations"
	revocationsSubject  = "menjin.user.session_ended.*"

	followRetry    = 500 * time.Millisecond
	followLog      = time.Minute // one line about an outage in so much time
	firstRedeliver = 250 * time.Millisecond
	maxRedeliver   = 30 * time.Second
	ackWait        = 30 * time.Second
)

type endSession = func(ctx context.Context, ending ports.SessionEnding) error

// Follow shares the events among all replicas that follow; each is ended by one of them. It goes on while NATS is away
// and returns the context's error.
func (b *Bus) Follow(ctx context.Context, end endSession) error {
	var logged time.Time
	for {
		err := b.follow(ctx, end)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(logged) > followLog {
			b.log.WarnContext(ctx, "revocations cannot be followed for now", "error", err)
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
func (b *Bus) follow(ctx context.Context, end endSession) error {
	// Before the first event too, so that subscribers find the stream on a NATS that has just been set up.
	if err := b.EnsureStream(ctx); err != nil {
		return err
	}
	consumer, err := b.revocations(ctx)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(
		jetstream.PullMaxMessages(64), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(2*time.Second),
	)
	if err != nil {
		return fmt.Errorf("pull revocations: %w", err)
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if errors.Is(err, jetstream.ErrNoHeartbeat) && b.listener.IsReconnecting() {
			continue // the pull is resumed with the connection
		}
		if err != nil {
			return fmt.Errorf("pull revocations: %w", err)
		}
		if err := b.revoke(ctx, message, end); err != nil {
			b.log.WarnContext(ctx, "revocation could not be answered and comes again", "error", err)
		}
	}
}

func (b *Bus) revocations(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	consumer, err := b.events.CreateOrUpdateConsumer(ctx, StreamName, jetstream.ConsumerConfig{
		Durable: revocationsConsumer, Description: "Ends sessions again that were ended with an event",
		FilterSubject: revocationsSubject, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxDeliver: -1,
	})
	if err != nil {
		return nil, unavailable("ensure consumer "+revocationsConsumer, err)
	}
	return consumer, nil
}

// revoke returns an error when the message could be neither acknowledged nor put off.
func (b *Bus) revoke(ctx context.Context, message jetstream.Msg, end endSession) error {
	ending, err := readEnding(message)
	if err != nil {
		b.log.ErrorContext(ctx, "revocation is malformed and dropped", "subject", message.Subject(), "error", err)
		return message.TermWithReason("malformed")
	}
	if err := end(ctx, ending); err != nil {
		if ctx.Err() == nil {
			b.log.WarnContext(ctx, "revocation is put off", "event_id", ending.Stamp.ID.String(), "error", err)
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

// readEnding reads what it needs of a menjin.user.session_ended.v1, and fails on another type: a later version may mean
// something else.
func readEnding(message jetstream.Msg) (ports.SessionEnding, error) {
	if kind := message.Headers().Get(headerType); kind != "menjin.user.session_ended.v1" {
		return ports.SessionEnding{}, errors.New("it is of another type")
	}
	var body struct {
		UserID    string    `json:"user_id"`
		SessionID *string   `json:"session_id"`
		EndedAt   time.Time `json:"ended_at"`
	}
	if err := json.Unmarshal(message.Data(), &body); err != nil {
		return ports.SessionEnding{}, errors.New("its data is not the JSON it should be")
	}
	id, idErr := domain.ParseEventID(message.Headers().Get(headerID))
	user, userErr := domain.ParseUserID(body.UserID)
	if idErr != nil || userErr != nil || body.EndedAt.IsZero() {
		return ports.SessionEnding{}, errors.New("its event id, user id or time is missing or malformed")
	}
	ending := ports.SessionEnding{UserID: user, Stamp: domain.Stamp{ID: id, At: body.EndedAt.UTC()}}
	if body.SessionID == nil {
		return ending, nil
	}
	session, err := domain.ParseSessionID(*body.SessionID)
	if err != nil || session.IsZero() { // zero would mean every session
		return ports.SessionEnding{}, errors.New("its session id is malformed")
	}
	ending.SessionID = session
	return ending, nil
}
