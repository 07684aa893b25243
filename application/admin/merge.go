package admin

import (
	"context"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
)

// Merge merges two accounts of one person, as somebody found out who may.
type Merge struct{ merger *account.Merger }

// NewMerge makes the use case.
func NewMerge(merger *account.Merger) *Merge { return &Merge{merger} }

// Do returns the account that was kept. Its errors are those of account.Merger.
func (uc *Merge) Do(ctx context.Context, actor Actor, a, b domain.UserID) (*domain.User, error) {
	if err := actor.may(domain.PermissionUsersMerge); err != nil {
		return nil, err
	}
	return uc.merger.Merge(ctx, a, b, actor.note(domain.AuditMerge, "by an administrator"))
}
