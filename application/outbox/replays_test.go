package outbox_test

import (
	"context"
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

// again is Replays on the bundle's fakes. It returns a function that stops it and waits.
func (b *bundle) again() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	uc := outbox.NewReplays(b.store, b.stream, b.reconcile, slog.New(slog.DiscardHandler))
	go func() {
		defer close(done)
		_ = uc.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (b *bundle) ask(t *testing.T, filter ports.ReplayFilter, to string) ports.Replay {
	t.Helper()
	order := ports.Replay{ID: b.newID(), RequestedAt: time.Now().UTC(), Filter: filter, To: to}
	replay, err := b.store.Request(t.Context(), order, domain.AuditEntry{ID: b.newID(), At: order.RequestedAt, Action: domain.AuditOutboxReplay})
	if err != nil {
		t.Fatal(err)
	}
	return replay
}

func (b *bundle) wantReplay(t *testing.T, id domain.ID, finished bool, sent int64, failure string) {
	t.Helper()
	replays, err := b.store.Replays(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range replays {
		if got.ID == id {
			if got.FinishedAt.IsZero() == finished || got.Sent != sent || (got.Failure == "") != (failure == "") {
				t.Errorf("replay: got %+v, want finished %t, %d sent, failure %q", got, finished, sent, failure)
			}
			return
		}
	}
	t.Errorf("replay %s is not kept", id)
}

func TestReplayIsCarriedOutInChunks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		for range 1203 {
			b.register(t)
		}
		stop := b.run()
		synctest.Wait()
		stop()
		defer b.again()()
		synctest.Wait()
		replay := b.ask(t, ports.ReplayFilter{FromID: 1}, "search")
		time.Sleep(2500 * time.Millisecond) // the longest pause between looks
		synctest.Wait()
		if got := len(b.stream.Beside()); got != 1203 {
			t.Errorf("got %d events beside the stream, want 1203", got)
		}
		if got := len(b.published()); got != 1203 {
			t.Errorf("got %d events on the stream, want 1203 as before", got)
		}
		b.wantReplay(t, replay.ID, true, 1203, "")
	})
}

func TestReplayOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.register(t)
		stop := b.run()
		synctest.Wait()
		stop()
		b.stream.Break(domain.ErrUnavailable)
		defer b.again()()
		replay := b.ask(t, ports.ReplayFilter{FromID: 1}, "")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		b.wantReplay(t, replay.ID, false, 0, "")
		b.stream.Break(nil)
		time.Sleep(33 * time.Second) // the longest pause after a failure, and a look
		synctest.Wait()
		b.wantReplay(t, replay.ID, true, 1, "")
		if got := len(b.published()); got != 2 {
			t.Errorf("got %d messages on the stream, want the event and its replay", got)
		}
	})
}

func TestRejectedEventEndsTheReplayAndNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		poison := b.register(t)
		b.register(t)
		stop := b.run()
		synctest.Wait()
		stop()
		b.stream.Reject(poison)
		defer b.again()()
		first, second := b.ask(t, ports.ReplayFilter{FromID: 1}, ""), b.ask(t, ports.ReplayFilter{FromID: 2}, "")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		b.wantReplay(t, first.ID, true, 0, "scripted")
		b.wantReplay(t, second.ID, true, 1, "")
	})
}

func TestReplayThatComesFirstAfterARestoreHidesNothingThatWasLost(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string]func(*memory.EventStream){
		"an older copy": func(s *memory.EventStream) { s.Rewind(100) },
		"made anew":     func(s *memory.EventStream) { s.Recreate() },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup()
				var all []domain.EventID
				for range 150 {
					all = append(all, b.register(t))
				}
				stop := b.run()
				synctest.Wait()
				stop()
				lose(b.stream)
				replay := b.ask(t, ports.ReplayFilter{FromID: 1, ToID: 100}, "")
				stop = b.again()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				stop()
				defer b.run()()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				held := b.published()
				for _, id := range all {
					if !slices.Contains(held, id) {
						t.Fatalf("%d messages on the stream, and event %s is lost", len(held), id)
					}
				}
				b.wantReplay(t, replay.ID, true, 0, "") // all that it asks for waits again
			})
		})
	}
}

// slowStream takes its time to send again, and notes whether it was let.
type slowStream struct {
	*memory.EventStream
	begun chan struct{}
}

func (s *slowStream) Replay(ctx context.Context, recorded ports.StreamPosition, replay ports.Replay, events []ports.OutboxEvent) error {
	close(s.begun)
	select {
	case <-time.After(3 * time.Second):
		return s.EventStream.Replay(ctx, recorded, replay, events)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestEventsThatAreBeingSentAgainAreSentToTheEndWhenTheServiceStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.register(t)
		stop := b.run()
		synctest.Wait()
		stop()
		replay := b.ask(t, ports.ReplayFilter{FromID: 1}, "")
		stream := &slowStream{b.stream, make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		uc := outbox.NewReplays(b.store, stream, b.reconcile, slog.New(slog.DiscardHandler))
		go func() { done <- uc.Run(ctx) }()
		<-stream.begun
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b.wantReplay(t, replay.ID, true, 1, "")
	})
}

func TestReplayThatFailsKeepsNoOtherFromItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		b.register(t)
		stop := b.run()
		synctest.Wait()
		stop()
		first, second := b.ask(t, ports.ReplayFilter{FromID: 1}, "full"), b.ask(t, ports.ReplayFilter{FromID: 1}, "")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		uc := outbox.NewReplays(b.store, fullBeside{b.stream}, b.reconcile, slog.New(slog.DiscardHandler))
		if err := uc.Run(ctx); err != nil {
			t.Error(err)
		}
		b.wantReplay(t, first.ID, false, 0, "")
		b.wantReplay(t, second.ID, true, 1, "")
	})
}

// fullBeside takes nothing beside the stream.
type fullBeside struct{ *memory.EventStream }

func (s fullBeside) Replay(ctx context.Context, recorded ports.StreamPosition, replay ports.Replay, events []ports.OutboxEvent) error {
	if replay.To != "" {
		return domain.ErrUnavailable
	}
	return s.EventStream.Replay(ctx, recorded, replay, events)
}

// idleQueue notes when it is asked.
type idleQueue struct {
	ports.ReplayQueue
	looks  []time.Time
	answer error
}

func (q *idleQueue) Continue(context.Context, int, ports.Resend) (bool, error) {
	q.looks = append(q.looks, time.Now())
	return false, q.answer
}

func TestIdleReplaysPollSeldomAndBackOffAfterFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer            error
		shortest, longest time.Duration
	}{
		"idle":    {nil, 1500 * time.Millisecond, 2500 * time.Millisecond},
		"failing": {errors.New("no database"), 25 * time.Millisecond, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				queue := &idleQueue{answer: test.answer}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				uc := outbox.NewReplays(queue, memory.NewEventStream(), setup().reconcile, slog.New(slog.DiscardHandler))
				if err := uc.Run(ctx); err != nil {
					t.Fatal(err)
				}
				for i := 1; i < len(queue.looks); i++ {
					if pause := queue.looks[i].Sub(queue.looks[i-1]); pause < test.shortest || pause > test.longest {
						t.Errorf("pause %d: got %s, want %s to %s", i, pause, test.shortest, test.longest)
					}
				}
				if most := 210; len(queue.looks) < 10 || len(queue.looks) > most {
					t.Errorf("looked %d times in five minutes, want 10 to %d", len(queue.looks), most)
				}
			})
		})
	}
}
