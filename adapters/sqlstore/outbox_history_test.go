package sqlstore

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestForgettingWaitsForEventsThatAreBeingPublished(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			user := newUserID()
			first, last := o.append(t, user), o.append(t, user)
			forgot := make(chan error, 1)
			_, err := o.Drain(t.Context(), 10, func(
				ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent,
			) (ports.StreamPosition, error) {
				go func() { forgot <- o.Forget(t.Context(), user, 2) }()
				select {
				case err := <-forgot:
					t.Errorf("forget while events are published: got error %v, want it to wait", err)
					forgot <- err
				case <-time.After(100 * time.Millisecond): // to go wrong in
				}
				return o.publish(ctx, recorded, events)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-forgot; err != nil {
				t.Fatal(err)
			}
			kept, err := o.EventsOf(t.Context(), user)
			if err != nil || len(kept) != 1 || kept[0].ID != last {
				t.Errorf("events kept: got %+v, error %v, want the last alone, not %s", kept, err, first)
			}
			if _, err := o.Requeue(t.Context(), domain.EventID{}, 0, ports.StreamPosition{}); err != nil {
				t.Fatal(err)
			}
			o.wantDrained(t, last)
		})
	}
}

func TestEventWithoutUserThatWeChatDidNotPushIsRefused(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			_, event := newUser(t)
			event.UserID = domain.UserID{}
			err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.Outbox().Append(ctx, event) })
			if err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}
