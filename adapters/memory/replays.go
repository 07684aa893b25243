package memory

import (
	"context"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// replays is guarded by the mutex of its Store.
type replays struct {
	list       []*replay // as they were asked for
	forgetting int       // how many forget events, or wait until they may: meanwhile no replay is taken in hand
}

type replay struct {
	ports.Replay
	inHand   chan struct{} // closed once its events are sent; nil when nobody has it in hand
	failures int           // in a row
	until    time.Time     // left alone so long
}

func (r *replays) atWork() (count int) {
	for _, replay := range r.list {
		if replay.FinishedAt.IsZero() {
			count++
		}
	}
	return count
}

// Request is part of ports.ReplayQueue.
func (s *Store) Request(ctx context.Context, asked ports.Replay, note domain.AuditEntry) (ports.Replay, error) {
	if err := s.down(ctx); err != nil {
		return ports.Replay{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replays.atWork() >= ports.MaxReplays {
		return ports.Replay{}, domain.ErrRateLimited
	}
	asked.Next, asked.Last = max(asked.Filter.FromID-1, 0), s.outbox.lastID
	if to := asked.Filter.ToID; to > 0 {
		asked.Last = min(to, asked.Last)
	}
	s.replays.list = append(s.replays.list, &replay{Replay: asked})
	slices.SortStableFunc(s.replays.list, func(a, b *replay) int { return a.RequestedAt.Compare(b.RequestedAt) })
	s.entries = append(s.entries, note)
	return asked, nil
}

// Replays is part of ports.ReplayQueue.
func (s *Store) Replays(ctx context.Context, limit int) (replays []ports.Replay, err error) {
	if err := s.down(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, replay := range slices.Backward(s.replays.list) {
		if len(replays) < limit {
			replays = append(replays, replay.Replay)
		}
	}
	return replays, nil
}

// Cancel is part of ports.ReplayQueue.
func (s *Store) Cancel(ctx context.Context, id domain.ID, note domain.AuditEntry) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, replay := range s.replays.list {
		if replay.ID == id && replay.FinishedAt.IsZero() {
			replay.FinishedAt, replay.Failure = time.Now().UTC(), "cancelled"
			s.entries = append(s.entries, note)
			return nil
		}
	}
	return domain.ErrNotFound
}

// ReplayArchive returns the store's finished replays as they are swept.
func (s *Store) ReplayArchive() *ReplayArchive { return &ReplayArchive{s} }

// ReplayArchive is a ports.ReplayArchive.
type ReplayArchive struct{ store *Store }

// Sweep is part of ports.ReplayArchive.
func (a *ReplayArchive) Sweep(ctx context.Context, before time.Time, limit int) (count int64, err error) {
	if err := a.store.down(ctx); err != nil {
		return 0, err
	}
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	a.store.replays.list = slices.DeleteFunc(a.store.replays.list, func(replay *replay) bool {
		goes := count < int64(limit) && !replay.FinishedAt.IsZero() && replay.RequestedAt.Before(before)
		if goes {
			count++
		}
		return goes
	})
	return count, nil
}
