package datakey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// door is a master key that may be shut.
type door struct {
	ports.MasterKey

	mu    sync.Mutex
	shut  error
	tries int
}

func (d *door) try() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries++
	return d.shut
}

func (d *door) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut, d.tries = err, 0
}

func (d *door) tried() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tries
}

func (d *door) Wrap(ctx context.Context, plain domain.Secret, associated []byte) ([]byte, error) {
	if err := d.try(); err != nil {
		return nil, err
	}
	return d.MasterKey.Wrap(ctx, plain, associated)
}

func (d *door) Unwrap(ctx context.Context, wrapped, associated []byte) (domain.Secret, error) {
	if err := d.try(); err != nil {
		return domain.Secret{}, err
	}
	return d.MasterKey.Unwrap(ctx, wrapped, associated)
}

func TestMasterKeyThatRefusesAtRunTimeIsAnOutageAndSeldomAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, master := memory.NewDataKeys(), newMaster(t)
		elsewhere, admits := newReplica(store, master, datakey.KeeperOptions{}), &door{MasterKey: master}
		r := newReplica(store, admits, datakey.KeeperOptions{})
		if err := errors.Join(elsewhere.keeper.Load(t.Context()), r.keeper.Load(t.Context())); err != nil {
			t.Fatal(err)
		}
		defer run(t, r.keeper.Run)()
		admits.set(ports.ErrNotAdmitted)
		if err := elsewhere.keeper.RotateFields(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		for range 600 { // somebody is looked for every second
			time.Sleep(time.Second)
			_, _ = r.ring.Indexes("users", "phone", phone)
		}
		if _, err := r.ring.Indexes("users", "phone", phone); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("index: got %v, want %v", err, domain.ErrUnavailable)
		}
		r.wantOpens(t, r.seal(t))
		if got := admits.tried(); got < 2 || got > 4 {
			t.Errorf("asked %d times in ten minutes, want 2 to 4", got)
		}
		admits.set(nil)
		time.Sleep(time.Hour)
		if _, err := r.ring.Indexes("users", "phone", phone); err != nil {
			t.Errorf("index an hour after it was mended: %v", err)
		}
	})
}

func TestMasterKeyThatDoesNotWrapIsSeldomAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		admits, days := &door{MasterKey: newMaster(t)}, &calendar{}
		r := newReplicaAt(memory.NewDataKeys(), admits, datakey.KeeperOptions{}, days.now)
		if err := r.keeper.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer run(t, r.keeper.Run)()
		admits.set(ports.ErrNotAdmitted)
		days.pass(90 * 24 * time.Hour)
		time.Sleep(10 * time.Minute)
		if got := admits.tried(); got < 2 || got > 4 {
			t.Errorf("asked %d times in ten minutes, want 2 to 4", got)
		}
	})
}

func TestRefusalAtTheStartIsTheMasterKeysOwn(t *testing.T) {
	t.Parallel()
	store, master := memory.NewDataKeys(), newMaster(t)
	if err := newReplica(store, master, datakey.KeeperOptions{}).keeper.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	admits := &door{MasterKey: master, shut: ports.ErrNotAdmitted}
	err := newReplica(store, admits, datakey.KeeperOptions{}).keeper.Load(t.Context())
	if !errors.Is(err, ports.ErrNotAdmitted) || errors.Is(err, datakey.ErrForeignKeys) || errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("load: got %v, want %v alone", err, ports.ErrNotAdmitted)
	}
}
