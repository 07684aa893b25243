package datakey_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// replica is a process with a ring of its own.
type replica struct {
	keeper *datakey.Keeper
	ring   *vault.Vault
	store  *countedStore
}

// countedStore is a store that counts who looks.
type countedStore struct {
	*memory.DataKeys

	mu    sync.Mutex
	looks int
	hung  chan struct{} // where it is not nil, nobody is answered before it is closed
}

func (s *countedStore) Newest(ctx context.Context) (ports.DataKeys, error) {
	s.mu.Lock()
	s.looks++
	hung := s.hung
	s.mu.Unlock()
	if hung != nil {
		<-hung
	}
	return s.DataKeys.Newest(ctx)
}

// hang makes looks hang, without regard to their context, until the function that it returns is called.
func (s *countedStore) hang() (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hung := make(chan struct{})
	s.hung = hung
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hung = nil
		close(hung)
	}
}

func (s *countedStore) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

var discard = slog.New(slog.DiscardHandler)

func newMaster(t *testing.T) *vault.LocalMaster {
	t.Helper()
	secret, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	master, err := vault.NewLocalMaster(secret)
	if err != nil {
		t.Fatal(err)
	}
	return master
}

// newReplica makes a process that has not loaded the keys.
func newReplica(store *memory.DataKeys, master ports.MasterKey, options datakey.KeeperOptions) *replica {
	return newReplicaAt(store, master, options, time.Now)
}

func newReplicaAt(store *memory.DataKeys, master ports.MasterKey, options datakey.KeeperOptions, now ports.Clock) *replica {
	ring, counted := vault.New(now), &countedStore{DataKeys: store}
	return &replica{datakey.NewKeeper(counted, ring, master, options, now, discard), ring, counted}
}

// calendar is a clock that can be put forward.
type calendar struct{ ahead atomic.Int64 }

func (c *calendar) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *calendar) pass(span time.Duration) { c.ahead.Add(int64(span)) }

// setup makes processes that share a store and have loaded the keys.
func setup(t *testing.T, count int) (replicas []*replica) {
	t.Helper()
	store, master := memory.NewDataKeys(), newMaster(t)
	for range count {
		r := newReplica(store, master, datakey.KeeperOptions{})
		if err := r.keeper.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, r)
	}
	return replicas
}

var (
	field = ports.Field{Table: "users", Column: "phone", Row: domain.ID{1}}
	phone = domain.NewSecret("+8613800138000")
)

func (r *replica) seal(t *testing.T) []byte {
	t.Helper()
	sealed, err := r.ring.Seal(field, phone)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (r *replica) wantOpens(t *testing.T, sealed []byte) {
	t.Helper()
	if got, err := r.ring.Open(field, sealed); err != nil || !got.Equal(phone) {
		t.Errorf("open: %v, want the text", err)
	}
}
