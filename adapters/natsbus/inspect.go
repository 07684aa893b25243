package natsbus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Inspection is what an operator wants to know of a NATS.
type Inspection struct {
	Version   string
	Clock     time.Time // of the server; zero without a stream
	HasStream bool
	Fault     string   // why the stream cannot hold the events
	Narrow    []string // what of it is narrower than the options ask for; the service widens it
	Full      float64  // the share of its room that is taken, 0 without a limit
}

// Inspect looks and changes nothing. It returns domain.ErrUnavailable when NATS, or its JetStream, does not answer.
func (b *Bus) Inspect(ctx context.Context) (Inspection, error) {
	if err := b.Ping(ctx); err != nil {
		return Inspection{}, err
	}
	found := Inspection{Version: b.listener.ConnectedServerVersion()}
	stream, err := b.events.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return found, nil
	}
	if err != nil {
		return found, unavailable("look at stream "+StreamName, err)
	}
	info := stream.CachedInfo()
	found.HasStream, found.Clock = true, info.TimeStamp
	wider, err := widen(info.Config, b.options.Stream.config())
	if err != nil {
		found.Fault = err.Error()
		return found, nil
	}
	for _, limit := range []struct {
		name   string
		narrow bool
	}{
		{"subjects", len(info.Config.Subjects) < len(wider.Subjects)},
		{"replicas", info.Config.Replicas < wider.Replicas},
		{"max_age", info.Config.MaxAge != wider.MaxAge},
		{"max_bytes", info.Config.MaxBytes != wider.MaxBytes},
		{"duplicate window", info.Config.Duplicates < wider.Duplicates},
		{"discard", info.Config.Discard != wider.Discard},
	} {
		if limit.narrow {
			found.Narrow = append(found.Narrow, limit.name)
		}
	}
	if info.Config.MaxBytes > 0 {
		found.Full = float64(info.State.Bytes) / float64(info.Config.MaxBytes)
	}
	return found, nil
}
