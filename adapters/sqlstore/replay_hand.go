package sqlstore

import (
	"context"
	"sync"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

// replaysInHand are those that this process carries out on SQLite; on PostgreSQL their rows are locked.
type replaysInHand struct {
	mu         sync.Mutex
	ids        map[domain.ID]bool
	forgetting int           // how many forget events, or wait until they may: meanwhile no replay is taken in hand
	idle       chan struct{} // closed once none is in hand; nil where nobody waits for that
}

// takeReplay finds none while somebody forgets events, or waits for those in hand to be sent.
func (o *Outbox) takeReplay(ctx context.Context) (replay storedReplay, found bool, err error) {
	o.replays.mu.Lock()
	defer o.replays.mu.Unlock()
	if o.replays.forgetting > 0 {
		return replay, false, nil
	}
	var due []storedReplay
	err = o.db.query(ctx, func(from rows) error {
		due, err = readReplays(from)
		return err
	}, replaysDue, o.replayable()...)
	if err != nil {
		return replay, false, err
	}
	for _, replay := range due {
		if !o.replays.ids[replay.ID] {
			o.replays.ids[replay.ID] = true
			return replay, true, nil
		}
	}
	return replay, false, nil
}

func (o *Outbox) letGo(id domain.ID) {
	r := &o.replays
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, id)
	if len(r.ids) == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

// withoutReplays waits until what this process sends again is sent, and has nothing more sent while it runs change. On
// PostgreSQL change sees to that itself, for all processes: see keepReplaysOut.
func (o *Outbox) withoutReplays(ctx context.Context, change func() error) error {
	if o.db.isPostgres() {
		return change()
	}
	idle := o.replays.keepOut()
	defer o.replays.letIn()
	select {
	case <-idle:
		return change()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepOut returns what is closed once no replay is in hand.
func (r *replaysInHand) keepOut() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetting++
	if len(r.ids) == 0 {
		idle := make(chan struct{})
		close(idle)
		return idle
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	return r.idle
}

func (r *replaysInHand) letIn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetting--
}

// keepReplaysOut waits until what is sent again is sent, and has nothing more sent until the transaction ends. It comes before
// any other lock of the transaction: a replay holds up the relays of no shard then.
func (o *Outbox) keepReplaysOut(ctx context.Context, tx bun.Tx) error {
	if !o.db.isPostgres() {
		return nil
	}
	_, err := tx.NewRaw(keepReplayOut).Exec(ctx)
	return err
}
