package admin

import (
	"context"
	"fmt"
	"strconv"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Outbox shows how the publication of events stands, and steps in: it stops and starts it, decides on the events that the
// stream refused, and has events sent again. Whatever changes something leaves an entry in the audit log.
type Outbox struct {
	monitor ports.OutboxMonitor
	dead    ports.DeadLetters
	gate    ports.OutboxSwitch
	replays ports.ReplayQueue
	now     ports.Clock
	newID   ports.NewID
}

// NewOutbox makes the use case.
func NewOutbox(
	monitor ports.OutboxMonitor, dead ports.DeadLetters, gate ports.OutboxSwitch, replays ports.ReplayQueue,
	now ports.Clock, newID ports.NewID,
) *Outbox {
	return &Outbox{monitor, dead, gate, replays, now, newID}
}

// Status tells how many events wait, and which shards work.
func (uc *Outbox) Status(ctx context.Context, actor Actor) (ports.OutboxStatus, error) {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return ports.OutboxStatus{}, err
	}
	status, err := uc.monitor.Status(ctx)
	if err != nil {
		return ports.OutboxStatus{}, fmt.Errorf("read outbox status: %w", err)
	}
	return status, nil
}

// SetPaused stops or starts publication from one shard, or, for nil, from all. What is committed meanwhile waits; replays go
// on. It returns domain.ErrNotFound for a shard there is not.
func (uc *Outbox) SetPaused(ctx context.Context, actor Actor, shard *int, paused bool) error {
	if err := actor.may(domain.PermissionOutboxManage); err != nil {
		return err
	}
	action, detail := domain.AuditOutboxResume, "all shards"
	if paused {
		action = domain.AuditOutboxPause
	}
	if shard != nil {
		detail = "shard " + strconv.Itoa(*shard)
	}
	if err := uc.gate.SetPaused(ctx, shard, paused, uc.note(actor, action, domain.UserID{}, detail)); err != nil {
		return fmt.Errorf("pause or resume outbox: %w", err)
	}
	return nil
}

func (uc *Outbox) note(actor Actor, action domain.AuditAction, target domain.UserID, detail string) domain.AuditEntry {
	return domain.AuditEntry{
		ID: uc.newID(), At: uc.now(), Actor: domain.Actor{UserID: actor.UserID}, Action: action, Target: target,
		Detail: detail, IP: actor.IP, RequestID: actor.RequestID,
	}
}
