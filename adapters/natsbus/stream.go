package natsbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StreamName is the stream the events lie in.
const StreamName = "MENJIN_EVENTS"

const (
	// DefaultMaxAge is how long the stream keeps events unless it is told to keep them longer.
	DefaultMaxAge   = 30 * 24 * time.Hour
	duplicateWindow = 10 * time.Minute
)

// StreamOptions say how the stream is made. The zero value suits a single server.
type StreamOptions struct {
	Replicas int           // 0: 1; a cluster wants 3
	MaxAge   time.Duration // how long events are kept; 0: 30 days
	MaxBytes int64         // how much room they may take; when it is full, publishing waits; 0: what the server has
}

func (o StreamOptions) config() jetstream.StreamConfig {
	config := jetstream.StreamConfig{
		Name: StreamName, Description: "User events of Menjin", Subjects: streamSubjects(),
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		MaxAge: o.MaxAge, MaxBytes: o.MaxBytes, Replicas: max(o.Replicas, 1), Duplicates: duplicateWindow,
	}
	if config.MaxAge <= 0 {
		config.MaxAge = DefaultMaxAge
	}
	if config.MaxBytes <= 0 {
		config.MaxBytes = -1
	}
	return config
}

// EnsureStream creates the stream, or widens the one that exists to what the options ask for. What exists is never
// narrowed: a longer retention, more room, more replicas or subjects stay. A line in the log tells what changed. It returns
// domain.ErrUnavailable when NATS cannot be reached, and another error when the stream that exists is of a kind that
// cannot hold the events. The publisher calls it on each new connection; call it at start to fail early.
func (b *Bus) EnsureStream(ctx context.Context) error {
	_, err := b.ensureStream(ctx, b.events)
	return err
}

// ensureStream is given the connection to ask through, and returns the stream's state after it.
func (b *Bus) ensureStream(ctx context.Context, js jetstream.JetStream) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, b.options.Stream.config())
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another replica was quicker
			stream, err = js.Stream(ctx, StreamName)
		}
	}
	if err != nil {
		return nil, unavailable("ensure stream "+StreamName, err)
	}
	info := stream.CachedInfo()
	wider, err := widen(info.Config, b.options.Stream.config())
	if err != nil {
		return nil, fmt.Errorf("ensure stream %s: %w", StreamName, err)
	}
	if reflect.DeepEqual(wider, info.Config) {
		return info, nil
	}
	b.log.InfoContext(ctx, "stream is widened", "stream", StreamName, "before", limits(info.Config), "after", limits(wider))
	if stream, err = js.UpdateStream(ctx, wider); err != nil {
		return nil, unavailable("widen stream "+StreamName, err)
	}
	return stream.CachedInfo(), nil
}

func limits(config jetstream.StreamConfig) slog.Value {
	return slog.GroupValue(
		slog.Any("subjects", config.Subjects), slog.Duration("max_age", config.MaxAge), slog.Int64("max_bytes", config.MaxBytes),
		slog.Int("replicas", config.Replicas), slog.Duration("duplicates", config.Duplicates),
		slog.String("discard", config.Discard.String()),
	)
}

// widen returns what exists with everything at least as wide as wanted.
func widen(exists, wanted jetstream.StreamConfig) (jetstream.StreamConfig, error) {
	if exists.Retention != wanted.Retention || exists.Storage != wanted.Storage || exists.Mirror != nil || exists.Sealed {
		return exists, fmt.Errorf("the one that exists has retention %s, storage %s, mirror %t, sealed %t; "+
			"needed are limits and file, no mirror, not sealed",
			exists.Retention, exists.Storage, exists.Mirror != nil, exists.Sealed)
	}
	wider := exists
	wider.Subjects = slices.Clone(exists.Subjects)
	for _, subject := range wanted.Subjects {
		if !slices.Contains(wider.Subjects, subject) {
			wider.Subjects = append(wider.Subjects, subject)
		}
	}
	wider.Discard = wanted.Discard
	wider.MaxAge = widest(exists.MaxAge, wanted.MaxAge)
	if wanted.MaxBytes > 0 { // otherwise the room is the operator's affair
		wider.MaxBytes = widest(exists.MaxBytes, wanted.MaxBytes)
	}
	wider.Replicas = max(exists.Replicas, wanted.Replicas)
	wider.Duplicates = max(exists.Duplicates, wanted.Duplicates)
	return wider, nil
}

// widest takes 0 and below as unlimited.
func widest[N time.Duration | int64](a, b N) N {
	if a <= 0 || b <= 0 {
		return min(a, b)
	}
	return max(a, b)
}
