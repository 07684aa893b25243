package book

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
)

const (
	readPatience = 30 * time.Second
	settledLooks = 5 // in a row, and so for longer than a leader that was cut off believes in itself
	settledPause = 500 * time.Millisecond
)

// Stream reads the stream as a subscriber does.
type Stream struct {
	conn *nats.Conn
	js   jetstream.JetStream
}

// OpenStream connects, and goes on trying where NATS is away. Close ends it.
func OpenStream(url string) (*Stream, error) {
	conn, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Stream{conn, js}, nil
}

// Close disconnects.
func (s *Stream) Close() { s.conn.Close() }

// settled waits until the copies of the stream agree. A server that was cut off goes on, for a moment after it is back, as the
// leader of a stream that others have carried on, and shows what it held then. It gives up after some seconds with an error.
func (s *Stream) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	for agreed := 0; agreed < settledLooks; agreed++ {
		stream, err := s.js.Stream(ctx, natsbus.StreamName)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound), err == nil && stream.CachedInfo().Config.Replicas < 2:
			return nil
		case err != nil, !copiesAgree(stream.CachedInfo()):
			agreed = -1
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the stream's copies to agree: %w", ctx.Err())
		case <-time.After(settledPause):
		}
	}
	return nil
}

func copiesAgree(info *jetstream.StreamInfo) bool {
	if info.Cluster == nil || info.Cluster.Leader == "" || len(info.Cluster.Replicas) < info.Config.Replicas-1 {
		return false
	}
	return !slices.ContainsFunc(info.Cluster.Replicas, func(copy *jetstream.PeerInfo) bool {
		return copy.Offline || !copy.Current || copy.Lag > 0
	})
}

// Count returns how many messages the stream holds, and its duplicate window.
func (s *Stream) Count(ctx context.Context) (uint64, time.Duration, error) {
	stream, err := s.js.Stream(ctx, natsbus.StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look at stream: %w", err)
	}
	info := stream.CachedInfo()
	return info.State.Msgs, info.Config.Duplicates, nil
}

// Read returns everything the stream holds, in its order, and its duplicate window. What servers that still look for a leader
// refuse is asked again, for some seconds.
func (s *Stream) Read(ctx context.Context) (stored []Stored, window time.Duration, err error) {
	for deadline := time.Now().Add(readPatience); ; {
		if err = s.settled(ctx); err != nil {
			return nil, 0, err
		}
		if stored, window, err = s.readOnce(ctx); !isPassing(err) || time.Now().After(deadline) {
			return stored, window, err
		}
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-time.After(settledPause):
		}
	}
}

// isPassing says that servers had no leader, or a new one that does not know the reader.
func isPassing(err error) bool {
	var refusal *jetstream.APIError
	return errors.As(err, &refusal) && refusal.Code == http.StatusServiceUnavailable || errors.Is(err, jetstream.ErrNoHeartbeat)
}

func (s *Stream) readOnce(ctx context.Context) (stored []Stored, window time.Duration, err error) {
	count, window, err := s.Count(ctx)
	if err != nil || count == 0 {
		return nil, window, err
	}
	consumer, err := s.js.OrderedConsumer(ctx, natsbus.StreamName, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, 0, fmt.Errorf("read stream: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return nil, 0, fmt.Errorf("read stream: %w", err)
	}
	defer messages.Stop()
	stored = make([]Stored, 0, count)
	for {
		message, err := messages.Next(jetstream.NextMaxWait(readPatience))
		if err != nil {
			return nil, 0, fmt.Errorf("read stream: %w", err)
		}
		one, left, err := readStored(message)
		if err != nil {
			return nil, 0, err
		}
		if stored = append(stored, one); left == 0 {
			return stored, window, nil
		}
	}
}

func readStored(message jetstream.Msg) (stored Stored, left uint64, err error) {
	headers := message.Headers()
	meta, err := message.Metadata()
	if err != nil {
		return stored, 0, fmt.Errorf("read message: %w", err)
	}
	stored.Sequence, stored.At, stored.Source = meta.Sequence.Stream, meta.Timestamp, headers.Get("ce-source")
	var idErr, userErr, versionErr error
	stored.Event, idErr = domain.ParseEventID(headers.Get("ce-id"))
	stored.User, userErr = domain.ParseUserID(headers.Get("ce-subject"))
	stored.Version, versionErr = strconv.ParseInt(headers.Get("ce-sequence"), 10, 64)
	if err := errors.Join(idErr, userErr, versionErr); err != nil {
		return stored, 0, fmt.Errorf("read message %d: %w", stored.Sequence, err)
	}
	return stored, meta.NumPending, nil
}
