package outbox_test

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// bundle is a relay on fakes. It runs in a bubble of synctest, where time passes only while everybody waits.
type bundle struct {
	store     *memory.Store
	stream    *memory.EventStream
	reconcile *outbox.Reconcile
	relay     *outbox.Relay
	hints     *memory.RelayHints // the other replica's end
	last      uint64
}

func setup() *bundle {
	wake := outbox.NewSignal()
	return setupWith(wake, wake.Give)
}

// setupWith makes a relay whose store calls onCommit.
func setupWith(wake outbox.Signal, onCommit func()) *bundle {
	own, other := memory.NewRelayHints()
	b := &bundle{
		store:  memory.NewStore(memory.EventCodec{}, onCommit, memory.StoreOptions{}),
		stream: memory.NewEventStream(), hints: other,
	}
	log := slog.New(slog.DiscardHandler)
	b.reconcile = outbox.NewReconcile(b.store, b.stream, wake, log)
	b.relay = outbox.NewRelay(b.store, b.stream, b.reconcile, own, wake, time.Now, log)
	return b
}

// run starts the relay and returns a function that stops it and waits.
func (b *bundle) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.relay.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (b *bundle) newID() (id domain.ID) {
	b.last++
	binary.BigEndian.PutUint64(id[8:], b.last)
	return id
}

// register commits a user with one event, and returns the event's id.
func (b *bundle) register(t *testing.T) domain.EventID {
	t.Helper()
	stamp := domain.Stamp{ID: domain.EventID{ID: b.newID()}, At: time.Now().UTC()}
	openID, err := domain.NewOpenID("o-" + stamp.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	user, event := domain.RegisterWithWeChat(domain.UserID{ID: b.newID()}, domain.WeChatIdentity{AppID: "wx01", OpenID: openID}, stamp)
	err = b.store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, event))
	})
	if err != nil {
		t.Fatal(err)
	}
	return stamp.ID
}

func (b *bundle) published() []domain.EventID {
	var ids []domain.EventID
	for _, message := range b.stream.Messages() {
		ids = append(ids, message.ID)
	}
	return ids
}

func TestCommittedEventIsPublishedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		defer b.run()()
		synctest.Wait()
		start := time.Now()
		want := b.register(t)
		synctest.Wait()
		if got := b.published(); !slices.Equal(got, []domain.EventID{want}) || time.Since(start) != 0 {
			t.Errorf("after %s got %v, want %v", time.Since(start), got, want)
		}
	})
}

func TestBacklogIsPublishedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		var want []domain.EventID
		for range 1203 {
			want = append(want, b.register(t))
		}
		defer b.run()()
		synctest.Wait()
		if got := b.published(); !slices.Equal(got, want) {
			t.Errorf("got %d events, want %d in order", len(got), len(want))
		}
	})
}

func TestCommitOfAnotherReplica(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		hint   bool
		within time.Duration
	}{
		{"is found by polling", false, time.Second},
		{"is found at once by its hint", true, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setupWith(outbox.NewSignal(), func() {}) // nobody in this process announces it
				defer b.run()()
				synctest.Wait()
				want := b.register(t)
				if test.hint {
					b.hints.Hint()
				}
				time.Sleep(test.within)
				synctest.Wait()
				if got := b.published(); !slices.Equal(got, []domain.EventID{want}) {
					t.Errorf("after %s got %v, want %v", test.within, got, want)
				}
			})
		})
	}
}

func TestOutageIsOvercomeWithGrowingPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.stream.Break(domain.ErrUnavailable)
		defer b.run()()
		var want []domain.EventID
		for range 300 { // five minutes, an event each second
			want = append(want, b.register(t))
			time.Sleep(time.Second)
		}
		if got := b.store.Waiting(); got != 300 {
			t.Fatalf("%d events wait during the outage, want 300", got)
		}
		b.stream.Break(nil)
		time.Sleep(31 * time.Second) // the longest pause, and a poll
		synctest.Wait()
		if got := b.published(); !slices.Equal(got, want) {
			t.Errorf("got %d events, want %d in order", len(got), len(want))
		}
	})
}

func TestRejectedEventDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		first, poison, last := b.register(t), b.register(t), b.register(t)
		b.stream.Reject(poison)
		defer b.run()()
		synctest.Wait()
		got := b.published()
		if !slices.Contains(got, first) || !slices.Contains(got, last) || slices.Contains(got, poison) {
			t.Errorf("got %v, want %v and %v", got, first, last)
		}
		if _, buried := b.store.Buried(poison); !buried {
			t.Error("the rejected event is no dead letter")
		}
	})
}

func TestStopPublishesWhatWasCommitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.stream.Break(domain.ErrUnavailable)
		stop := b.run()
		want := b.register(t)
		synctest.Wait()
		b.stream.Break(nil)
		time.Sleep(100 * time.Millisecond) // past the shard's delay
		stop()
		if got := b.published(); !slices.Equal(got, []domain.EventID{want}) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestStreamThatLostItsTailIsMended(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		harm func(*memory.EventStream)
	}{
		{"restored from an older copy", func(s *memory.EventStream) { s.Rewind(40) }},
		{"made anew", func(s *memory.EventStream) { s.Recreate() }},
	}
	for _, test := range tests {
		for _, notice := range []string{"reconciliation", "the next batch"} {
			t.Run(test.name+", noticed by "+notice, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := setup()
					defer b.run()()
					var want []domain.EventID
					for range 100 {
						want = append(want, b.register(t))
					}
					synctest.Wait()
					test.harm(b.stream)
					if notice == "reconciliation" {
						if _, err := b.reconcile.Do(t.Context()); err != nil {
							t.Fatal(err)
						}
					} else {
						for range 100 { // enough to pass the recorded position unnoticed
							want = append(want, b.register(t))
						}
					}
					time.Sleep(2 * time.Second)
					synctest.Wait()
					got := b.published()
					for _, id := range want {
						if !slices.Contains(got, id) {
							t.Fatalf("an event is lost: the stream holds %d, want %d", len(got), len(want))
						}
					}
				})
			})
		}
	}
}

// silentQueue is a database that never answers.
type silentQueue struct{ ports.OutboxQueue }

func (silentQueue) Drain(ctx context.Context, _ int, _ ports.Publish) (ports.Drained, error) {
	<-ctx.Done()
	return ports.Drained{}, ctx.Err()
}

func TestDatabaseThatNeverAnswersKeepsNobodyFromStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		own, _ := memory.NewRelayHints()
		b.relay = outbox.NewRelay(silentQueue{}, b.stream, b.reconcile, own, outbox.NewSignal(), time.Now, slog.New(slog.DiscardHandler))
		stop := b.run()
		time.Sleep(time.Minute)
		start := time.Now()
		stop()
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("stopping took %s", took)
		}
	})
}

// slowLedger takes its time to put events back.
type slowLedger struct {
	ports.OutboxLedger
	takes time.Duration
}

func (l slowLedger) Requeue(ctx context.Context, after domain.EventID, margin int64, position ports.StreamPosition) (int64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(l.takes):
		return l.OutboxLedger.Requeue(ctx, after, margin, position)
	}
}

// slow makes putting events back take so long.
func (b *bundle) slow(takes time.Duration) {
	own, other := memory.NewRelayHints()
	wake, log := outbox.NewSignal(), slog.New(slog.DiscardHandler)
	b.hints = other
	b.reconcile = outbox.NewReconcile(slowLedger{b.store, takes}, b.stream, wake, log)
	b.relay = outbox.NewRelay(b.store, b.stream, b.reconcile, own, wake, time.Now, log)
}

func TestPuttingVeryManyEventsBackMayTakeMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.slow(5 * time.Minute)
		defer b.run()()
		first := b.register(t)
		time.Sleep(2 * time.Second)
		b.stream.Recreate()
		second := b.register(t)
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if got := b.published(); !slices.Contains(got, first) || !slices.Contains(got, second) {
			t.Errorf("got %v, want %v and %v", got, first, second)
		}
	})
}

func TestPuttingEventsBackKeepsNobodyFromStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.slow(time.Hour)
		stop := b.run()
		b.register(t)
		time.Sleep(2 * time.Second)
		b.stream.Recreate()
		b.register(t)
		time.Sleep(time.Minute)
		start := time.Now()
		stop()
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("stopping took %s", took)
		}
	})
}
