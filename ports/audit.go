package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// AuditLog takes entries of a transaction, so that what was done and its entry are kept together or not at all.
type AuditLog interface {
	Append(ctx context.Context, entry domain.AuditEntry) error
}

// AuditReader shows the audit log. Needed by administrators.
type AuditReader interface {
	// Entries returns at most limit entries before a cursor, the newest first; the zero cursor is the newest. Only fields of
	// the filter that are set count.
	Entries(ctx context.Context, filter AuditFilter, before domain.ID, limit int) ([]domain.AuditEntry, error)
}

// AuditFilter narrows the audit log.
type AuditFilter struct {
	Actor  domain.UserID
	Target domain.UserID
	Action domain.AuditAction
}

// AuditArchive is the audit log as it is swept: entries made before the instant go.
type AuditArchive interface{ Archive }
