package careless_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// service is the real relay on fakes, in a bubble of synctest.
type service struct {
	store  *memory.Store
	stream *memory.EventStream
	user   *domain.User
	last   uint64
}

// start runs the relay on what harm makes of queue and stream.
func start(t *testing.T, harm func(ports.OutboxQueue, ports.EventStream) (ports.OutboxQueue, ports.EventStream)) *service {
	t.Helper()
	wake := outbox.NewSignal()
	s := &service{store: memory.NewStore(memory.EventCodec{}, wake.Give, memory.StoreOptions{}), stream: memory.NewEventStream()}
	queue, stream := harm(s.store, s.stream)
	reconcile := outbox.NewReconcile(s.store, stream, wake, quiet)
	hints, _ := memory.NewRelayHints()
	relay := outbox.NewRelay(queue, stream, reconcile, hints, wake, time.Now, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- relay.Run(ctx) }()
	go func() { done <- reconcile.Run(ctx, nil) }()
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
	})
	return s
}

func (s *service) stamp() domain.Stamp {
	s.last++
	var id domain.ID
	binary.BigEndian.PutUint64(id[8:], s.last)
	return domain.Stamp{ID: domain.EventID{ID: id}, At: time.Now().UTC()}
}

// change commits the user's next event and returns its id.
func (s *service) change(t *testing.T) (event domain.EventID) {
	t.Helper()
	err := s.store.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if s.user == nil {
			user, registered := domain.RegisterWithPassword(domain.UserID{ID: s.stamp().ID.ID}, domain.Username{}, domain.Email{}, domain.PasswordHash{}, s.stamp())
			s.user, event = user, registered.ID
			return errors.Join(tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, registered))
		}
		user, err := tx.Users().ForUpdate(ctx, s.user.ID())
		if err != nil {
			return err
		}
		ended := user.EndAllSessions(domain.SessionID{}, domain.EndedByLogoutAll, s.stamp())
		event = ended.ID
		return errors.Join(tx.Users().Save(ctx, user), tx.Outbox().Append(ctx, ended))
	})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func (s *service) versions() (versions []int64) {
	for _, message := range s.stream.Messages() {
		versions = append(versions, message.UserVersion)
	}
	return versions
}

// settle lets the relay, and a reconciliation, have their time.
func settle() {
	time.Sleep(2 * time.Minute)
	synctest.Wait()
}

func TestEventsAreLostWithoutReconciliation(t *testing.T) {
	t.Parallel()
	for mode, want := range map[careless.Mode][]int64{careless.Careful: {1, 2, 3, 4, 5}, careless.Reconcile: {1, 4, 5}} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := start(t, func(queue ports.OutboxQueue, real ports.EventStream) (ports.OutboxQueue, ports.EventStream) {
					stream, _, err := careless.Stream(mode, real, "")
					if err != nil {
						t.Fatal(err)
					}
					return queue, stream
				})
				for range 3 {
					s.change(t)
				}
				settle()
				s.stream.Rewind(1) // NATS is back with an older copy
				settle()
				s.change(t)
				s.change(t)
				settle()
				if got := s.versions(); !slices.Equal(got, want) {
					t.Errorf("versions in the stream: got %v, want %v", got, want)
				}
			})
		})
	}
}

// heedless sets a dead letter aside and lets the user's later events go on.
type heedless struct {
	ports.OutboxQueue
	dead map[domain.EventID]bool
}

func (q heedless) Bury(_ context.Context, event domain.EventID, _ string, _ time.Time) error {
	q.dead[event] = true
	return nil
}

func (q heedless) Drain(ctx context.Context, limit int, publish ports.Publish) (ports.Drained, error) {
	return q.OutboxQueue.Drain(ctx, limit, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
		events = slices.DeleteFunc(slices.Clone(events), func(event ports.OutboxEvent) bool { return q.dead[event.Message.ID] })
		if len(events) == 0 {
			return recorded, nil
		}
		return publish(ctx, recorded, events)
	})
}

func TestUserIsSeenWithAGapUnlessHeldBehindADeadLetter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		hold bool
		want []int64
	}{"held": {true, []int64{1}}, "not held": {false, []int64{1, 3}}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := start(t, func(queue ports.OutboxQueue, stream ports.EventStream) (ports.OutboxQueue, ports.EventStream) {
					if !test.hold {
						queue = heedless{queue, map[domain.EventID]bool{}}
					}
					return queue, stream
				})
				s.change(t)
				settle()
				s.stream.Reject(domain.EventID{ID: domain.ID{15: byte(s.last + 1)}}) // the next event's
				s.change(t)
				s.change(t)
				settle()
				if got := s.versions(); !slices.Equal(got, test.want) {
					t.Errorf("versions in the stream: got %v, want %v", got, test.want)
				}
			})
		})
	}
}
