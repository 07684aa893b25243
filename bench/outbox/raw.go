package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
)

// batch is how many messages the floor publishes before it awaits them, as many as the relay does.
const batch = 500

const patience = time.Minute

// raw publishes with nothing around it.
type raw struct {
	conn *nats.Conn
	js   jetstream.JetStream
}

func newRaw(url string) (*raw, error) {
	conn, err := nats.Connect(url)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &raw{conn, js}, nil
}

func (r *raw) close() { r.conn.Close() }

// removeStream makes room for a new one: a stream remembers the messages it had.
func (r *raw) removeStream(ctx context.Context) error {
	err := r.js.DeleteStream(ctx, natsbus.StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return err
}

// emptyStream replaces the stream by an empty one of the same kind.
func (r *raw) emptyStream(ctx context.Context) error {
	stream, err := r.js.Stream(ctx, natsbus.StreamName)
	if err != nil {
		return err
	}
	config := stream.CachedInfo().Config
	if err := r.removeStream(ctx); err != nil {
		return err
	}
	_, err = r.js.CreateStream(ctx, config)
	return err
}

// stored is how many messages the stream holds.
func (r *raw) stored(ctx context.Context) (uint64, error) {
	stream, err := r.js.Stream(ctx, natsbus.StreamName)
	if err != nil {
		return 0, err
	}
	return stream.CachedInfo().State.Msgs, nil
}

// sample reads messages that the relay has published, to publish the like.
func (r *raw) sample(ctx context.Context, count int) ([]*nats.Msg, error) {
	consumer, err := r.js.OrderedConsumer(ctx, natsbus.StreamName, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, fmt.Errorf("read messages back: %w", err)
	}
	messages := make([]*nats.Msg, 0, count)
	for len(messages) < count {
		message, err := consumer.Next(jetstream.FetchMaxWait(patience))
		if err != nil {
			return nil, fmt.Errorf("read messages back: %w", err)
		}
		messages = append(messages, &nats.Msg{Subject: message.Subject(), Header: message.Headers(), Data: message.Data()})
	}
	return messages, nil
}

// renew makes a message one that the stream has not seen.
func renew(message *nats.Msg) {
	id := []string{newID().String()}
	message.Header[jetstream.MsgIDHeader] = id
}

// publishAll publishes messages like the sample, a batch at a time, and returns how long that took.
func (r *raw) publishAll(ctx context.Context, sample []*nats.Msg, count int) (time.Duration, error) {
	futures := make([]jetstream.PubAckFuture, 0, batch)
	began := time.Now()
	for sent := 0; sent < count; sent += len(futures) {
		futures = futures[:0]
		for i := range min(batch, count-sent) {
			message := sample[i%len(sample)]
			renew(message)
			future, err := r.js.PublishMsgAsync(message)
			if err != nil {
				return 0, err
			}
			futures = append(futures, future)
		}
		if err := await(ctx, futures); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

func await(ctx context.Context, futures []jetstream.PubAckFuture) error {
	for _, future := range futures {
		select {
		case <-future.Ok():
		case err := <-future.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
