package admin

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Audit shows the audit log.
type Audit struct{ log ports.AuditReader }

// NewAudit makes the use case.
func NewAudit(log ports.AuditReader) *Audit { return &Audit{log} }

// Entries returns a page of the log, the newest first.
func (uc *Audit) Entries(
	ctx context.Context, actor Actor, filter ports.AuditFilter, before domain.ID, limit int,
) ([]domain.AuditEntry, error) {
	if err := actor.may(domain.PermissionAuditRead); err != nil {
		return nil, err
	}
	entries, err := uc.log.Entries(ctx, filter, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return entries, nil
}
