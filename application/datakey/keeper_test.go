package datakey_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestReplicasThatStartAtOnceAgreeOnOneVersion(t *testing.T) {
	t.Parallel()
	store, master := memory.NewDataKeys(), newMaster(t)
	var replicas []*replica
	var starting sync.WaitGroup
	for range 8 {
		r := newReplica(store, master, datakey.KeeperOptions{})
		replicas = append(replicas, r)
		starting.Go(func() {
			if err := r.keeper.Load(t.Context()); err != nil {
				t.Errorf("load: %v", err)
			}
		})
	}
	starting.Wait()
	sealed := replicas[0].seal(t)
	for _, r := range replicas {
		r.wantOpens(t, sealed)
		if version, _ := r.keeper.Version(); version != 1 {
			t.Errorf("version: got %d, want 1", version)
		}
	}
}

func TestAnotherMasterKeyIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	store := memory.NewDataKeys()
	r := newReplica(store, newMaster(t), datakey.KeeperOptions{})
	if err := r.keeper.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := newReplica(store, newMaster(t), datakey.KeeperOptions{})
	if err := other.keeper.Load(t.Context()); !errors.Is(err, datakey.ErrForeignKeys) {
		t.Errorf("load with another master key: got %v, want %v", err, datakey.ErrForeignKeys)
	}
	if _, err := other.ring.Seal(field, phone); err == nil {
		t.Error("a ring without keys seals")
	}
	if kept, err := store.Newest(t.Context()); err != nil || kept.Version != 1 {
		t.Errorf("stored: got version %d, %v, want 1", kept.Version, err)
	}
}

func TestMasterKeyThatCannotBeReachedIsNotAForeignOne(t *testing.T) {
	t.Parallel()
	store, master := memory.NewDataKeys(), newMaster(t)
	if err := newReplica(store, master, datakey.KeeperOptions{}).keeper.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := newReplica(store, unreachable{master}, datakey.KeeperOptions{}).keeper.Load(t.Context())
	if !errors.Is(err, domain.ErrUnavailable) || errors.Is(err, datakey.ErrForeignKeys) {
		t.Errorf("load: got %v, want %v", err, domain.ErrUnavailable)
	}
}

type unreachable struct{ ports.MasterKey }

func (unreachable) Unwrap(context.Context, []byte, []byte) (domain.Secret, error) {
	return domain.Secret{}, domain.ErrUnavailable
}

func TestDataKeysMoveToAnotherMasterKey(t *testing.T) {
	t.Parallel()
	store, before, after := memory.NewDataKeys(), newMaster(t), named{newMaster(t)}
	r := newReplica(store, before, datakey.KeeperOptions{})
	if err := r.keeper.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed := r.seal(t)
	mover := newReplica(store, after, datakey.KeeperOptions{Former: []ports.MasterKey{before}})
	if err := errors.Join(mover.keeper.Load(t.Context()), mover.keeper.Rewrap(t.Context())); err != nil {
		t.Fatal(err)
	}
	moved := newReplica(store, after, datakey.KeeperOptions{})
	if err := moved.keeper.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	moved.wantOpens(t, sealed)
	if _, master := moved.keeper.Version(); master != after.Name() {
		t.Errorf("wrapped by %s, want %s", master, after.Name())
	}
}

type named struct{ ports.MasterKey }

func (named) Name() string { return "elsewhere" }

func TestKeysOfBeforeEnvelopesBecomeTheFirst(t *testing.T) {
	t.Parallel()
	text := domain.NewSecret(version1(t))
	master, err := vault.NewLocalMaster(text)
	if err != nil {
		t.Fatal(err)
	}
	old, err := vault.Parse(text) // what a release before envelopes had
	if err != nil {
		t.Fatal(err)
	}
	r := newReplica(memory.NewDataKeys(), master, datakey.KeeperOptions{Seed: master.Seed})
	if err := r.keeper.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed, err := old.Seal(field, phone)
	if err != nil {
		t.Fatal(err)
	}
	r.wantOpens(t, sealed)
	want, _ := old.Index("users", "phone", phone)
	stays, err1 := r.ring.Index("users", "phone", phone)
	found, err2 := r.ring.Indexes("users", "phone", phone)
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(stays, want) || !bytes.Equal(found.First, want) {
		t.Errorf("digests: %v, want those of before", err)
	}
}

func TestNewFieldKeySealsWhenEveryReplicaKnowsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		replicas := setup(t, 2)
		a, b := replicas[0], replicas[1]
		before := a.ring.KeyPrefix()
		if err := a.keeper.RotateFields(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.ring.KeyPrefix(), before) {
			t.Error("a key that nobody else knows seals at once")
		}
		time.Sleep(time.Minute)
		if bytes.Equal(a.ring.KeyPrefix(), before) {
			t.Error("after a minute the key before still seals")
		}
		b.wantOpens(t, a.seal(t)) // b has not looked since
	})
}

func TestUnknownKeysAreLookedForOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		before, began := r.store.seen(), time.Now()
		forged := append([]byte{1, 0, 0, 0, 0}, make([]byte, 40)...)
		var opening sync.WaitGroup
		for range 100 {
			opening.Go(func() {
				for range 3 {
					if _, err := r.ring.Open(field, forged); err == nil {
						t.Error("a forged field opens")
					}
				}
			})
		}
		opening.Wait()
		looks, took := r.store.seen()-before, time.Since(began)
		if looks == 0 || float64(looks) > took.Seconds()+1 {
			t.Errorf("looked %d times in %s, want once a second at most", looks, took)
		}
	})
}

func TestIndexIsNotWrittenWithKnowledgeThatMayBeOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := setup(t, 1)[0]
		before := r.store.seen()
		for range 100 {
			if _, err := r.ring.Indexes("users", "phone", phone); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.store.seen() - before; got != 0 {
			t.Errorf("looked %d times right after the start, want none", got)
		}
		time.Sleep(31 * time.Second)
		r.store.Break(domain.ErrUnavailable)
		if _, err := r.ring.Indexes("users", "phone", phone); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("index without knowing: got %v, want %v", err, domain.ErrUnavailable)
		}
		r.wantOpens(t, r.seal(t)) // which no other replica has to agree with
		r.store.Break(nil)
		time.Sleep(time.Second)
		if _, err := r.ring.Indexes("users", "phone", phone); err != nil {
			t.Errorf("index once the store is back: %v", err)
		}
	})
}
