package personal

import (
	"context"
	"fmt"
	"slices"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// mostAbsorbed bounds how many accounts are looked for behind one. The event that tells them all stays far below what may be sent.
const mostAbsorbed = 1000

// absorbed returns the accounts that were merged into a user, those merged into these, and so on. What is left of an account in
// the outbox and on the stream goes before the audit entry of its merge does, so none is missed of which there is something.
func absorbed(ctx context.Context, log ports.AuditReader, user domain.UserID) ([]domain.UserID, error) {
	known := []domain.UserID{user}
	for i := 0; i < len(known) && len(known) <= mostAbsorbed; i++ {
		merges, err := log.Entries(ctx, ports.AuditFilter{Target: known[i], Action: domain.AuditMerge}, domain.ID{}, mostAbsorbed)
		if err != nil {
			return nil, fmt.Errorf("look for merged accounts: %w", err)
		}
		for _, merge := range merges {
			if id, told := account.Absorbed(merge); told && !slices.Contains(known, id) {
				known = append(known, id)
			}
		}
	}
	return known[1:min(len(known), mostAbsorbed+1)], nil
}
