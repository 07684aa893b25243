package ports

import (
	"context"

	"github.com/menjin-id/menjin/domain"
)

// AuditLog takes entries of a transaction, so that what was done and its entry are kept together or not at all.
type AuditLog interface {
	Append(ctx context.Context, entry domain.AuditEntry) error
	// Pseudonymise puts a pseudonym in the place of a user, wherever the log names them, and forgets the addresses and
	// details of what they did and what was done to them. What they did to somebody else keeps its detail: else an
	// administrator who leaves would take the evidence along. Nothing leads from the pseudonym to the user.
	Pseudonymise(ctx context.Context, user, pseudonym domain.UserID) error
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
