package sqlstore

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var _ ports.OutboxSwitch = (*Outbox)(nil)

// SetPaused is ports.OutboxSwitch's. On SQLite it waits for a batch of this Outbox alone, not for one of another process.
func (o *Outbox) SetPaused(ctx context.Context, shard *int, paused bool, note domain.AuditEntry) error {
	which, args := "", []any(nil)
	if shard != nil {
		which, args = "WHERE shard = ?", []any{*shard}
	}
	err := o.alone(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := o.lockShards(ctx, tx, which, args...); err != nil {
			return err
		}
		set, err := affected(tx.NewRaw(
			"UPDATE outbox_shards SET paused = ?, backoff_until = CASE WHEN ? THEN backoff_until END "+which,
			append([]any{paused, paused}, args...)...).Exec(ctx))
		if err == nil && set == 0 {
			err = domain.ErrNotFound
		}
		if err != nil {
			return err
		}
		return o.db.note(ctx, tx, note)
	})
	if err != nil {
		return fmt.Errorf("pause or resume outbox: %w", err)
	}
	if !paused {
		o.db.onCommit()
	}
	return nil
}
