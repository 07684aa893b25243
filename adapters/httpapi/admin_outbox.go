package httpapi

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// ShowOutbox answers GET /api/admin/outbox.
func (h *handler) ShowOutbox(ctx context.Context, _ ShowOutboxRequestObject) (ShowOutboxResponseObject, error) {
	status, err := h.use.Admin.Outbox.Status(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	x := exchangeOf(ctx)
	return ShowOutbox200JSONResponse{
		Code: OutboxResponseCodeN200, Message: done.in(x.language()), RequestId: x.id, Data: outboxOf(status, h.now()),
	}, nil
}

func outboxOf(status ports.OutboxStatus, now time.Time) Outbox {
	shown := Outbox{
		Waiting: status.Waiting, OldestAt: optionalTime(status.OldestAt), Dead: status.Dead, Held: status.Held,
		Shards: make([]OutboxShard, 0, len(status.Shards)),
	}
	if !status.OldestAt.IsZero() {
		shown.LagSeconds = max(0, now.Sub(status.OldestAt).Seconds()) // another replica's clock may be ahead
	}
	for _, shard := range status.Shards {
		shown.Shards = append(shown.Shards, OutboxShard{
			Shard: shard.Shard, Waiting: shard.Waiting, Paused: shard.Paused, DelayedUntil: optionalTime(shard.DelayedUntil),
			LastId: shard.LastID, StreamSequence: int64(shard.Position.Sequence), //nolint:gosec // JetStream counts from 1
		})
	}
	return shown
}

// PauseOutbox answers POST /api/admin/outbox/pause.
func (h *handler) PauseOutbox(ctx context.Context, request PauseOutboxRequestObject) (PauseOutboxResponseObject, error) {
	if err := h.use.Admin.Outbox.SetPaused(ctx, actorOf(ctx), request.Body.Shard, true); err != nil {
		return nil, err
	}
	return PauseOutbox200JSONResponse{doneReply(ctx)}, nil
}

// ResumeOutbox answers POST /api/admin/outbox/resume.
func (h *handler) ResumeOutbox(ctx context.Context, request ResumeOutboxRequestObject) (ResumeOutboxResponseObject, error) {
	if err := h.use.Admin.Outbox.SetPaused(ctx, actorOf(ctx), request.Body.Shard, false); err != nil {
		return nil, err
	}
	return ResumeOutbox200JSONResponse{doneReply(ctx)}, nil
}
