package outbox_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var errHarm = errors.New("killed, or cut off")

// world is a database and a stream as the relay sees them, reduced to what its promises are about. Each call of the ports
// may be ended half-way by a harm that was drawn for it.
type world struct {
	t      *rapid.T
	now    time.Time
	lastID int64

	events  []*row // by id, committed or not
	last    map[domain.UserID]int64
	open    map[domain.UserID]*row // uncommitted: its user is locked
	stream  []stored
	name    string // of the stream
	known   ports.StreamPosition
	harm    harm
	refused map[domain.EventID]bool
}

type row struct {
	ports.OutboxEvent
	committed, waiting, dead bool
}

type stored struct {
	id      domain.EventID
	user    domain.UserID
	version int64
}

// harm is what happens to the next call.
type harm int

const (
	none        harm = iota
	lostBefore       // publishing fails with nothing stored
	lostBetween      // publishing fails with a part stored
	lostAck          // everything is stored and nothing is acknowledged
	lostCommit       // everything is acknowledged, and the relay dies before it records that
	harms
)

func newWorld(t *rapid.T) *world {
	return &world{
		t: t, now: time.Unix(1_800_000_000, 0), name: rand.Text(), last: map[domain.UserID]int64{},
		open: map[domain.UserID]*row{}, refused: map[domain.EventID]bool{},
	}
}

func (w *world) user() domain.UserID {
	return domain.UserID{ID: domain.ID{15: byte(rapid.IntRange(1, 3).Draw(w.t, "user"))}}
}

func (w *world) insert() *row {
	user := w.user()
	if w.open[user] != nil {
		return nil
	}
	w.lastID++
	r := &row{OutboxEvent: ports.OutboxEvent{ID: w.lastID, Message: ports.Message{
		ID: w.newID(), UserID: user, UserVersion: w.last[user] + 1, At: w.now,
	}}}
	w.events = append(w.events, r)
	w.refused[r.Message.ID] = rapid.IntRange(0, 19).Draw(w.t, "poison") == 0
	return r
}

// newID is of version 7, which tells when the event was made.
func (w *world) newID() (id domain.EventID) {
	var milliseconds, count [8]byte
	binary.BigEndian.PutUint64(milliseconds[:], uint64(w.now.UnixMilli()))
	binary.BigEndian.PutUint64(count[:], uint64(w.lastID))
	copy(id.ID[:6], milliseconds[2:])
	copy(id.ID[8:], count[:])
	id.ID[6] = 0x70
	return id
}

func (w *world) commit(r *row) {
	r.committed, r.waiting = true, true
	w.last[r.Message.UserID] = r.Message.UserVersion
	delete(w.open, r.Message.UserID)
}

func (w *world) held(r *row) bool {
	return slices.ContainsFunc(w.events, func(other *row) bool {
		return other.dead && other.Message.UserID == r.Message.UserID && other.ID <= r.ID
	})
}

// Drain is ports.OutboxQueue's.
func (w *world) Drain(ctx context.Context, limit int, publish ports.Publish) (ports.Drained, error) {
	var taken []*row
	for _, r := range w.events {
		if r.waiting && !w.held(r) && len(taken) < limit {
			taken = append(taken, r)
		}
	}
	if len(taken) == 0 {
		return ports.Drained{}, nil
	}
	events := make([]ports.OutboxEvent, len(taken))
	for i, r := range taken {
		events[i] = r.OutboxEvent
	}
	drained := ports.Drained{Events: len(taken), Full: len(taken) == limit}
	position, err := publish(ctx, w.known, events)
	if err != nil {
		return drained, err
	}
	if w.strike(lostCommit) {
		return drained, errHarm
	}
	for _, r := range taken {
		r.waiting = false
	}
	if position.Stream != w.known.Stream || position.Sequence > w.known.Sequence {
		w.known = position
	}
	return drained, nil
}

func (w *world) strike(which harm) bool {
	if w.harm != which {
		return false
	}
	w.harm = none
	return true
}

// Delay is ports.OutboxQueue's. Nobody waits here.
func (w *world) Delay(context.Context, int, time.Time) error { return nil }

// Bury is ports.OutboxQueue's.
func (w *world) Bury(_ context.Context, event domain.EventID, _ string, _ time.Time) error {
	for _, r := range w.events {
		if r.Message.ID == event {
			r.dead, r.waiting = true, false
		}
	}
	return nil
}

// Position is ports.OutboxLedger's.
func (w *world) Position(context.Context) (ports.StreamPosition, error) { return w.known, nil }

// Requeue is ports.OutboxLedger's.
func (w *world) Requeue(_ context.Context, after domain.EventID, margin int64, position ports.StreamPosition) (count int64, err error) {
	floor := int64(0)
	for _, r := range w.events {
		if r.Message.ID == after {
			floor = r.ID - margin
		}
	}
	for _, r := range w.events {
		if r.ID > floor && r.committed && !r.waiting && !w.held(r) {
			r.waiting = true
			count++
		}
	}
	w.known = position
	return count, nil
}

// Publish is ports.EventStream's.
func (w *world) Publish(_ context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
	if w.strike(lostBefore) {
		return ports.StreamPosition{}, errHarm
	}
	if recorded.Stream != "" && (recorded.Stream != w.name || recorded.Sequence > uint64(len(w.stream))) {
		return ports.StreamPosition{}, &ports.RewoundError{Intact: w.intact(recorded)}
	}
	refused := slices.IndexFunc(events, func(event ports.OutboxEvent) bool { return w.refused[event.Message.ID] })
	if w.strike(lostBetween) {
		most := len(events) - 1
		if refused >= 0 {
			most = refused
		}
		w.store(events[:rapid.IntRange(0, most).Draw(w.t, "stored")])
		return ports.StreamPosition{}, errHarm
	}
	if refused >= 0 {
		w.store(events[:refused])
		return ports.StreamPosition{}, &ports.RejectedError{Event: events[refused].Message.ID, Reason: "drawn"}
	}
	position := w.store(events)
	if w.strike(lostAck) {
		return ports.StreamPosition{}, errHarm
	}
	return position, nil
}

func (w *world) intact(recorded ports.StreamPosition) ports.StreamPosition {
	if recorded.Stream != w.name {
		return ports.StreamPosition{Stream: w.name}
	}
	return w.end()
}

func (w *world) end() ports.StreamPosition {
	return ports.StreamPosition{Stream: w.name, Sequence: uint64(len(w.stream))}
}

func (w *world) store(events []ports.OutboxEvent) (last ports.StreamPosition) {
	last.Stream = w.name
	for _, event := range events {
		at := slices.IndexFunc(w.stream, func(s stored) bool { return s.id == event.Message.ID })
		if at < 0 {
			at = len(w.stream)
			w.stream = append(w.stream, stored{event.Message.ID, event.Message.UserID, event.Message.UserVersion})
		}
		last.Sequence = max(last.Sequence, uint64(at)+1)
	}
	return last
}

// Tail is ports.EventStream's.
func (w *world) Tail(context.Context) (ports.StreamPosition, error) { return w.end(), nil }

// EventAt is ports.EventStream's.
func (w *world) EventAt(_ context.Context, sequence uint64) (domain.EventID, error) {
	if sequence = min(sequence, uint64(len(w.stream))); sequence == 0 {
		return domain.EventID{}, nil
	}
	return w.stream[sequence-1].id, nil
}

// Hint and Hints are ports.RelayHints'.
func (w *world) Hint() {}

// Hints never receives.
func (w *world) Hints() <-chan struct{} { return nil }

// work lets a relay look for work once: a context that has ended makes Run publish what waits, and return.
func (w *world) work() {
	log := slog.New(slog.DiscardHandler)
	reconcile := outbox.NewReconcile(w, w, outbox.NewSignal(), log)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = outbox.NewRelay(w, w, reconcile, w, outbox.NewSignal(), func() time.Time { return w.now }, log).Run(ended)
}

// check fails unless each user's events lie in the stream once, and by rising version.
func (w *world) check() {
	seen, furthest := map[domain.EventID]bool{}, map[domain.UserID]int64{}
	for i, s := range w.stream {
		if seen[s.id] {
			w.t.Fatalf("event %s is stored twice, at %d again", s.id, i+1)
		}
		if seen[s.id] = true; s.version != furthest[s.user]+1 {
			w.t.Fatalf("user %s: version %d follows %d", s.user, s.version, furthest[s.user])
		}
		furthest[s.user] = s.version
	}
}

func (w *world) finish() {
	for _, r := range w.open {
		w.commit(r)
	}
	w.harm = none
	w.work()
	w.reconcile()
	w.work()
	w.check()
	for _, r := range w.events {
		found := slices.ContainsFunc(w.stream, func(s stored) bool { return s.id == r.Message.ID })
		if want := r.committed && !w.held(r); found != want {
			w.t.Fatalf("event %d of user %s: in the stream %t, want %t", r.ID, r.Message.UserID, found, want)
		}
	}
}

func (w *world) reconcile() {
	reconcile := outbox.NewReconcile(w, w, outbox.NewSignal(), slog.New(slog.DiscardHandler))
	if _, err := reconcile.Do(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhateverIsInterruptedNothingIsLostTwiceOrReordered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt)
		commit := func(*rapid.T) {
			if r := w.insert(); r != nil {
				w.commit(r)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":            func(*rapid.T) { w.check() },
			"commit":      commit,
			"commit more": commit,
			"begin": func(*rapid.T) {
				if r := w.insert(); r != nil {
					w.open[r.Message.UserID] = r
				}
			},
			"end": func(*rapid.T) {
				r := w.open[w.user()]
				switch {
				case r == nil:
				case rapid.Bool().Draw(rt, "commit"):
					w.commit(r)
				default:
					delete(w.open, r.Message.UserID)
				}
			},
			"work": func(*rapid.T) { w.work() },
			"interrupted work": func(*rapid.T) {
				w.harm = harm(rapid.IntRange(int(lostBefore), int(harms)-1).Draw(rt, "harm"))
				w.work()
				w.harm = none
			},
			"older copy": func(*rapid.T) {
				w.stream = w.stream[:rapid.IntRange(0, len(w.stream)).Draw(rt, "intact")]
			},
			"new stream": func(*rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "seldom") == 0 {
					w.stream, w.name = nil, rand.Text()
				}
			},
			"reconcile": func(*rapid.T) { w.reconcile() },
			"time": func(*rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(rt, "seconds")) * time.Second)
			},
		})
		w.finish()
	})
}
