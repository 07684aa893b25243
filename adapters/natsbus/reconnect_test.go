package natsbus_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/ports"
)

// TestNothingIsLostOrReorderedWhenNATSDies publishes as the relay does, each batch until it succeeds, while the server is
// killed again and again. A killed process loses nothing it had acknowledged, so everything must be there, once.
func TestNothingIsLostOrReorderedWhenNATSDies(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	server := natstest.NewServer(t)
	bus := connect(t, server.URL(), natsbus.Options{AckTimeout: 2 * time.Second})
	ensure(t, bus)

	const batches, size, users = 40, 250, 25
	var published atomic.Int64
	want := map[domain.UserID][]domain.EventID{}
	work := make([][]ports.OutboxEvent, batches)
	versions := map[domain.UserID]int64{}
	ids := make([]domain.UserID, users)
	for i := range ids {
		ids[i] = domain.UserID{ID: newID()}
	}
	for i := range work {
		for j := range size {
			user := ids[j%users]
			versions[user]++
			event := registration(t, user, versions[user])
			work[i] = append(work[i], event)
			want[user] = append(want[user], event.Message.ID)
		}
	}
	failures := make(chan int, 1)
	go func() { failures <- publishAll(bus, work, &published) }()

	for kill := range 4 {
		half := int64(batches * (kill + 1) / 6)
		eventually(t, "progress", func() bool { return published.Load() >= half })
		server.Kill()
		server.Start()
	}
	failed := <-failures
	if published.Load() != batches {
		t.Fatalf("published %d batches, want %d", published.Load(), batches)
	}
	t.Logf("%d attempts failed", failed)

	got := map[domain.UserID][]domain.EventID{}
	_, js := client(t, server.URL())
	stream, err := js.Stream(limited(t), natsbus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for sequence := uint64(1); sequence <= stream.CachedInfo().State.LastSeq; sequence++ {
		message, err := stream.GetMsg(limited(t), sequence)
		if err != nil {
			t.Fatal(err)
		}
		id := message.Header.Get("Nats-Msg-Id")
		if seen[id] {
			t.Errorf("event %s is stored twice", id)
		}
		seen[id] = true
		user, _ := domain.ParseUserID(message.Header.Get("ce-subject"))
		event, _ := domain.ParseEventID(id)
		got[user] = append(got[user], event)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events of each user (-want +got):\n%s", diff)
	}
}

// publishAll publishes each batch until it succeeds and returns how many attempts failed.
func publishAll(bus *natsbus.Bus, work [][]ports.OutboxEvent, published *atomic.Int64) (failed int) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	var recorded ports.StreamPosition
	for _, batch := range work {
		for ctx.Err() == nil {
			position, err := bus.Publish(ctx, recorded, batch)
			if err == nil {
				recorded = position
				published.Add(1)
				break
			}
			failed++
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return failed
}

func TestBusBeginsWithoutNATSAndComesBack(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	server := natstest.NewServer(t)
	server.Stop()
	bus := connect(t, server.URL(), natsbus.Options{})
	wantUnavailable(t, bus.EnsureStream(limited(t)))
	wantUnavailable(t, bus.Ping(limited(t)))
	_, err := bus.Publish(limited(t), ports.StreamPosition{}, registrations(t, 1))
	wantUnavailable(t, err)
	_, err = bus.Tail(limited(t))
	wantUnavailable(t, err)
	notices := follow(t, bus)

	for range 2 {
		drain(bus.Reconnected())
		server.Start()
		select {
		case <-bus.Reconnected():
		case <-limited(t).Done():
			t.Fatal("no signal of the reconnection")
		}
		ensure(t, bus)
		if err := bus.Ping(limited(t)); err != nil {
			t.Errorf("ping: %v", err)
		}
		want := newNotice()
		publish(t, bus, noticeMessage(t, want))
		eventually(t, "the notice", func() bool {
			select {
			case got := <-notices: // one whose answer died with the server comes again
				return got.EventID == want.EventID
			default:
				return false
			}
		})
		server.Kill()
		eventually(t, "the loss to be noticed", func() bool { return errors.Is(bus.Ping(limited(t)), domain.ErrUnavailable) })
	}
}

func drain(signals <-chan struct{}) {
	select {
	case <-signals:
	default:
	}
}

// TestStreamRestoredFromACopyIsTold stands in for a restored copy with a position the stream never reached.
func TestStreamRestoredFromACopyIsTold(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	server := natstest.NewServer(t)
	bus := connect(t, server.URL(), natsbus.Options{})
	intact := publish(t, bus, registrations(t, 3)...)
	recorded := ports.StreamPosition{Stream: intact.Stream, Sequence: intact.Sequence + 5}
	server.Kill()
	server.Start()
	var rewound *ports.RewoundError
	eventually(t, "the rewind", func() bool {
		_, err := bus.Publish(limited(t), recorded, registrations(t, 1))
		return errors.As(err, &rewound)
	})
	if rewound.Intact != intact {
		t.Errorf("got intact %+v, want %+v", rewound.Intact, intact)
	}
	if tail, err := bus.Tail(limited(t)); err != nil || tail != intact {
		t.Errorf("got end %+v, error %v, want %+v: nothing may be sent to a rewound stream", tail, err, intact)
	}
}

func TestErrorsDoNotShowThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"nats://menjin:s3cret@127.0.0.1:1", "nats://menjin:s3cret@[::1", "http://menjin:s3cret@host", "menjin:s3cret@host",
		"nats://menjin:s3cret@", "nats://menjin:s3cret@127.0.0.1:1,nats://menjin:s3cret@%zz",
	} {
		bus, err := natsbus.Connect(domain.NewSecret(url), natsbus.Options{Log: quiet})
		if err == nil {
			err = bus.EnsureStream(limited(t))
			bus.Close()
		}
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got error %v, want one without the password", err)
		}
	}
}
