package sqlstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestShardOfAPausedRelayGoesToAnotherAfterTheDeadlineToPublish(t *testing.T) {
	t.Parallel()
	db := openDB(t, Options{URL: postgres.url(t)})
	options := OutboxOptions{PublishWithin: 50 * time.Millisecond, TakeOverAfter: 2 * time.Second} // enough to find it held
	paused, other := newOutboxTest(t, db, options), newOutboxTest(t, db, OutboxOptions{})
	event := paused.append(t, newUserID())

	publishing, resume, returned := make(chan context.Context), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := paused.Drain(context.WithoutCancel(t.Context()), 10, func(ctx context.Context, _ ports.StreamPosition, _ []ports.OutboxEvent) (ports.StreamPosition, error) {
			publishing <- ctx
			<-resume
			return ports.StreamPosition{Stream: "stream", Sequence: 99}, nil
		})
		returned <- err
	}()
	publishContext := <-publishing
	if drained, err := other.Drain(t.Context(), 10, other.publish); err != nil || !drained.Busy {
		t.Errorf("drain while the shard is held: got %+v, error %v, want it busy", drained, err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx := t.Context(); len(other.sent) == 0 && ctx.Err() == nil; <-tick.C {
		if _, err := other.Drain(ctx, 10, other.publish); err != nil {
			t.Fatalf("drain by the other relay: %v", err)
		}
	}
	if publishContext.Err() == nil {
		t.Error("the shard was given to another relay before the deadline to publish")
	}
	close(resume)
	if err := <-returned; err == nil {
		t.Error("drain of the paused relay: got no error, want one")
	}
	if got := other.sent; len(got) != 1 || got[0].Message.ID != event {
		t.Errorf("events published by the other relay: got %v, want %v", eventIDs(got), event)
	}
	want := ports.StreamPosition{Stream: "stream", Sequence: 1}
	if got, err := paused.Position(t.Context()); err != nil || got != want {
		t.Errorf("position: got %+v, error %v, want the other relay's %+v", got, err, want)
	}
}

func TestEventsWaitAgainWhenTheConnectionBreaksWhileTheyArePublished(t *testing.T) {
	t.Parallel()
	o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t)}), OutboxOptions{})
	event := o.append(t, newUserID())
	_, err := o.Drain(t.Context(), 10, func(ctx context.Context, _ ports.StreamPosition, _ []ports.OutboxEvent) (ports.StreamPosition, error) {
		var terminated int
		err := o.db.pool.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&terminated)
		if err != nil || terminated != 1 {
			t.Errorf("terminated connections: got %d, error %v, want 1", terminated, err)
		}
		return ports.StreamPosition{Stream: "stream", Sequence: 7}, nil
	})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("drain: got error %v, want %v", err, domain.ErrUnavailable)
	}
	o.wantDrained(t, event)
}

func TestPublishedEventsAreRecordedAlthoughTheCallerHasGone(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			o.append(t, newUserID())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := o.Drain(ctx, 10, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
				cancel()
				return o.publish(ctx, recorded, events)
			})
			if err != nil {
				t.Errorf("drain: %v", err)
			}
			o.wantDrained(t)
		})
	}
}
