package natsbus_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

// shape is what EnsureStream answers for.
type shape struct {
	Subjects             []string
	MaxAge, Duplicates   time.Duration
	MaxBytes             int64
	Discard              jetstream.DiscardPolicy
	Retention            jetstream.RetentionPolicy
	Storage              jetstream.StorageType
	Replicas             int
	MaxMsgs, MaxMsgsEach int64
}

func TestStreamIsCreatedWidenedAndNeverNarrowed(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	both := []string{"menjin.user.>", "menjin.wechat.>"}
	standard := shape{
		Subjects: both, MaxAge: 30 * day, Duplicates: 10 * time.Minute, MaxBytes: -1, Replicas: 1,
		Discard: jetstream.DiscardNew, MaxMsgs: -1, MaxMsgsEach: -1,
	}
	with := func(change func(*shape)) shape {
		wider := standard
		change(&wider)
		return wider
	}
	for name, test := range map[string]struct {
		exists  *jetstream.StreamConfig
		options natsbus.StreamOptions
		want    shape
	}{
		"created": {want: standard},
		"created with other limits": {
			options: natsbus.StreamOptions{MaxAge: 90 * day, MaxBytes: 1 << 30},
			want:    with(func(s *shape) { s.MaxAge, s.MaxBytes = 90*day, 1<<30 }),
		},
		"narrower is widened": {
			exists: &jetstream.StreamConfig{Subjects: both[:1], MaxAge: day, MaxBytes: 1 << 20, Duplicates: time.Minute},
			want:   with(func(s *shape) { s.MaxBytes = 1 << 20 }),
		},
		"room is widened when asked": {
			exists:  &jetstream.StreamConfig{Subjects: both, MaxBytes: 1 << 20},
			options: natsbus.StreamOptions{MaxBytes: 1 << 21},
			want:    with(func(s *shape) { s.MaxAge, s.MaxBytes = 0, 1<<21 }),
		},
		"wider is kept": {
			exists: &jetstream.StreamConfig{
				Subjects: append([]string{"other.>"}, both...), MaxAge: 365 * day, Duplicates: time.Hour, MaxMsgsPerSubject: 7,
			},
			options: natsbus.StreamOptions{MaxAge: day, MaxBytes: 1 << 20},
			want: with(func(s *shape) {
				s.Subjects = append([]string{"other.>"}, both...)
				s.MaxAge, s.Duplicates, s.MaxMsgsEach = 365*day, time.Hour, 7
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := natstest.URL(t)
			_, js := client(t, url)
			if test.exists != nil {
				create(t, js, *test.exists)
			}
			bus := connect(t, url, natsbus.Options{Stream: test.options})
			for range 2 { // the second time must change nothing
				ensure(t, bus)
				if diff := cmp.Diff(test.want, shapeOf(t, js)); diff != "" {
					t.Errorf("stream (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func create(t *testing.T, js jetstream.JetStream, config jetstream.StreamConfig) {
	t.Helper()
	config.Name = natsbus.StreamName
	if _, err := js.CreateStream(limited(t), config); err != nil {
		t.Fatal(err)
	}
}

func shapeOf(t *testing.T, js jetstream.JetStream) shape {
	t.Helper()
	stream, err := js.Stream(limited(t), natsbus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	c := stream.CachedInfo().Config
	return shape{
		c.Subjects, c.MaxAge, c.Duplicates, c.MaxBytes, c.Discard, c.Retention, c.Storage, c.Replicas,
		c.MaxMsgs, c.MaxMsgsPerSubject,
	}
}

func TestStreamThatCannotHoldTheEventsIsRefused(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]jetstream.StreamConfig{
		"in memory":  {Subjects: []string{"menjin.user.>"}, Storage: jetstream.MemoryStorage},
		"work queue": {Subjects: []string{"menjin.user.>"}, Retention: jetstream.WorkQueuePolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := natstest.URL(t)
			_, js := client(t, url)
			create(t, js, config)
			err := connect(t, url, natsbus.Options{}).EnsureStream(limited(t))
			if err == nil || errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("got error %v, want one that says what is wrong", err)
			}
		})
	}
}
