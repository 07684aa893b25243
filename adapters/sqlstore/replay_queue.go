package sqlstore

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var _ ports.ReplayQueue = (*Outbox)(nil)

// Request is ports.ReplayQueue's.
func (o *Outbox) Request(ctx context.Context, replay ports.Replay, note domain.AuditEntry) (ports.Replay, error) {
	err := o.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := o.mayRequest(ctx, tx); err != nil {
			return err
		}
		var highest int64
		if err := tx.QueryRowContext(ctx, "SELECT COALESCE(max(id), 0) FROM outbox_events").Scan(&highest); err != nil {
			return err
		}
		replay = bounded(replay, highest)
		if _, err := tx.Tx.ExecContext(ctx, insertReplay, o.db.replayRow(replay)...); err != nil {
			return err
		}
		return o.db.note(ctx, tx, note)
	})
	if err != nil {
		return ports.Replay{}, fmt.Errorf("request replay: %w", err)
	}
	return replay, nil
}

// mayRequest lets one at a time ask, so that together they ask for no more replays than may be at work.
func (o *Outbox) mayRequest(ctx context.Context, tx bun.Tx) error {
	if o.db.isPostgres() {
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended('menjin outbox replay requests', 0))").Exec(ctx); err != nil {
			return err
		}
	}
	var atWork int
	err := tx.QueryRowContext(ctx, countReplays).Scan(&atWork)
	if err == nil && atWork >= ports.MaxReplays {
		err = fmt.Errorf("%d replays are at work: %w", atWork, domain.ErrRateLimited)
	}
	return err
}

// bounded is a replay that has not begun, of the events there are.
func bounded(replay ports.Replay, highest int64) ports.Replay {
	replay.Next, replay.Last = max(replay.Filter.FromID-1, 0), highest
	if to := replay.Filter.ToID; to > 0 {
		replay.Last = min(to, highest)
	}
	return replay
}

// Replays is ports.ReplayQueue's.
func (o *Outbox) Replays(ctx context.Context, limit int) (replays []ports.Replay, err error) {
	err = o.db.query(ctx, func(found rows) error {
		stored, err := readReplays(found)
		for _, replay := range stored {
			replays = append(replays, replay.Replay)
		}
		return err
	}, newestReplays, limit)
	if err != nil {
		return nil, fmt.Errorf("read replays: %w", err)
	}
	return replays, nil
}

// Cancel is ports.ReplayQueue's. On PostgreSQL it waits for events of the replay that are being sent.
func (o *Outbox) Cancel(ctx context.Context, id domain.ID, note domain.AuditEntry) error {
	err := o.db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		ended, err := affected(tx.Tx.ExecContext(ctx, cancelReplay, o.db.id(id), o.db.instant(o.options.Clock())))
		if err == nil && ended == 0 {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		return o.db.note(ctx, tx, note)
	})
	if err != nil {
		return fmt.Errorf("cancel replay %s: %w", id, err)
	}
	return nil
}
