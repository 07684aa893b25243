// Package datakey keeps the keys of encrypted fields and of their indexes: all replicas use the same ones, they are replaced
// without a request failing, rows follow, and a key goes when nothing needs it any more.
package datakey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	rotateAfter = 90 * 24 * time.Hour
	reloadEvery = 10 * time.Second
	freshFor    = 30 * time.Second
	lookEvery   = time.Second // at most, for ciphertexts that name an unknown key
	lookTime    = 10 * time.Second
	waitTime    = 3 * time.Second // of a request, for a look
	// A new key seals only when every replica has had time to learn it.
	publishedBefore = 2 * freshFor
)

// ErrForeignKeys is matched when the configured master key does not unwrap the data keys of the database.
var ErrForeignKeys = errors.New("the data keys of the database were wrapped by another master key")

// KeeperOptions say where data keys may come from. The zero value is a new database with one master key.
type KeeperOptions struct {
	// Seed makes the first keys of a database instead of new ones, unless it makes none.
	Seed func(now time.Time) (domain.Secret, error)
	// Former are master keys that the data keys may still be wrapped by, told by their names.
	Former []ports.MasterKey
	// PublishedBefore is how long a new key is known before it seals, a minute if zero.
	PublishedBefore time.Duration
	// FreshFor is how old knowledge may be with which an index is written or read, half a minute if zero.
	FreshFor time.Duration
}

// Keeper loads the data keys into the ring and replaces them.
type Keeper struct {
	store   ports.DataKeyStore
	ring    ports.DataKeyRing
	master  ports.MasterKey
	options KeeperOptions
	now     ports.Clock
	log     *slog.Logger

	known  atomic.Pointer[known]
	looked atomic.Pointer[time.Time] // when the last look began that succeeded

	mu      sync.Mutex
	looking *look // the newest one; no other begins before it is over
}

// known are the data keys in use. It does not change.
type known struct {
	version int64
	master  string
	keys    domain.Secret
	plan    ports.DataKeyPlan
	since   time.Time // when this process learned of it
}

var _ ports.DataKeySource = (*Keeper)(nil)

// NewKeeper makes a Keeper of data keys that a master key wraps.
func NewKeeper(
	store ports.DataKeyStore, ring ports.DataKeyRing, master ports.MasterKey, options KeeperOptions, now ports.Clock, log *slog.Logger,
) *Keeper {
	if options.FreshFor == 0 {
		options.FreshFor = freshFor
	}
	if options.PublishedBefore == 0 {
		options.PublishedBefore = publishedBefore
	}
	former := make([]ports.MasterKey, 0, len(options.Former))
	for _, key := range options.Former {
		former = append(former, newGuard(key))
	}
	options.Former = former
	return &Keeper{
		store: store, ring: ring, master: newGuard(master), options: options, now: now, log: log, looking: noLook(),
	}
}

// Load brings the stored keys into the ring, and makes the first ones when there are none. It is needed once before anything
// is sealed or opened. The error matches ErrForeignKeys when the master key is not the one that wrapped them, and otherwise is
// the master key's own.
func (k *Keeper) Load(ctx context.Context) error {
	err := k.refresh(ctx)
	if !errors.Is(err, errNoKeys) {
		return err
	}
	if err := k.first(ctx); err != nil {
		return err
	}
	return k.refresh(ctx)
}

// first keeps the first keys, unless another replica was quicker. The ring uses them before they are kept, so that the store
// can tell whether they are those it was written with.
func (k *Keeper) first(ctx context.Context) error {
	keys, err := k.seed()
	if err != nil {
		return fmt.Errorf("make data keys: %w", err)
	}
	if err := k.ring.Use(keys, k); err != nil {
		return fmt.Errorf("use data keys: %w", err)
	}
	put, err := k.put(ctx, 1, keys)
	if err == nil && put {
		k.log.InfoContext(ctx, "made the first data keys", "master", k.master.Name())
	}
	return err
}

func (k *Keeper) seed() (domain.Secret, error) {
	if k.options.Seed != nil {
		keys, err := k.options.Seed(k.now())
		if err != nil || !keys.IsZero() {
			return keys, err
		}
	}
	return k.ring.Make(k.now())
}

// put wraps and keeps keys, unless another replica was quicker.
func (k *Keeper) put(ctx context.Context, version int64, keys domain.Secret) (bool, error) {
	wrapped, err := k.master.Wrap(ctx, keys, boundTo(version))
	if err != nil {
		return false, fmt.Errorf("wrap data keys: %w", err)
	}
	put, err := k.store.Put(ctx, ports.DataKeys{Version: version, Master: k.master.Name(), Wrapped: wrapped, CreatedAt: k.now()})
	if err != nil {
		return false, fmt.Errorf("keep data keys: %w", err)
	}
	return put, nil
}

// boundTo keeps wrapped keys from being put back as a newer version.
func boundTo(version int64) []byte { return fmt.Appendf(nil, "menjin data keys %d", version) }

// unwrap also knows keys that a former master key wrapped.
func (k *Keeper) unwrap(ctx context.Context, stored ports.DataKeys) (domain.Secret, error) {
	master := k.master
	for _, former := range k.options.Former {
		if stored.Master != master.Name() && stored.Master == former.Name() {
			master = former
		}
	}
	keys, err := master.Unwrap(ctx, stored.Wrapped, boundTo(stored.Version))
	if errors.Is(err, ports.ErrNotWrapped) {
		return domain.Secret{}, fmt.Errorf("unwrap data keys of %s: %w: %w", stored.Master, ErrForeignKeys, err)
	}
	if err != nil {
		return domain.Secret{}, fmt.Errorf("unwrap data keys: %w", err)
	}
	return keys, nil
}
