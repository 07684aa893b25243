package sqlstore

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// userOf returns a new user whose events lie in a shard.
func userOf(db *DB, shard int16) domain.UserID {
	for {
		if user := newUserID(); shardOf(user, db.shards) == shard {
			return user
		}
	}
}

// publishAt drains one event, which the stream stores at a position, and returns the position recorded before.
func (o *outboxTest) publishAt(tb testing.TB, position ports.StreamPosition) (recorded ports.StreamPosition) {
	tb.Helper()
	drained, err := o.Drain(tb.Context(), 10, func(_ context.Context, before ports.StreamPosition, _ []ports.OutboxEvent) (ports.StreamPosition, error) {
		recorded = before
		return position, nil
	})
	if err != nil || drained.Events != 1 {
		tb.Fatalf("drain: got %+v, error %v, want one event", drained, err)
	}
	return recorded
}

// A stream that went back behind what one shard recorded is noticed by whichever shard publishes first. Otherwise that one
// would carry the stream past the recorded position, and nobody would ever know what was lost.
func TestPublisherOfOneShardIsToldTheFurthestPositionOfAll(t *testing.T) {
	t.Parallel()
	o := newOutboxTest(t, openDB(t, Options{URL: postgres.url(t), Shards: 2}), OutboxOptions{})
	behind, ahead := userOf(o.db, 0), userOf(o.db, 1)
	o.append(t, behind)
	o.publishAt(t, ports.StreamPosition{Stream: "stream", Sequence: 50})
	o.append(t, ahead)
	furthest := ports.StreamPosition{Stream: "stream", Sequence: 100}
	o.publishAt(t, furthest)
	o.append(t, behind)
	if got := o.publishAt(t, ports.StreamPosition{Stream: "stream", Sequence: 101}); got != furthest {
		t.Errorf("recorded position: got %+v, want %+v", got, furthest)
	}
}

func TestEventsPublishedOnceMoreDoNotTakeThePositionBack(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			furthest := ports.StreamPosition{Stream: "stream", Sequence: 100}
			for _, stored := range []ports.StreamPosition{furthest, {Stream: "stream", Sequence: 7}} {
				o.append(t, newUserID())
				o.publishAt(t, stored)
			}
			if got, err := o.Position(t.Context()); err != nil || got != furthest {
				t.Errorf("position: got %+v, error %v, want %+v", got, err, furthest)
			}
			other := ports.StreamPosition{Stream: "another", Sequence: 1}
			o.append(t, newUserID())
			o.publishAt(t, other)
			if got, err := o.Position(t.Context()); err != nil || got != other {
				t.Errorf("position in another stream: got %+v, error %v, want %+v", got, err, other)
			}
		})
	}
}
