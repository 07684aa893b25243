package sqlstore

import (
	"context"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func TestAuditEntryCannotBeChanged(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			entry := domain.AuditEntry{ID: newID(), At: stampNow().At, Action: domain.AuditLock, Target: newUserID(), Detail: "spam"}
			err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.Audit().Append(ctx, entry) })
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range []string{
				"detail = 'nothing'", "detail = 'nothing', ip = '', request_id = ''", "actor = target", "detail = '', target = NULL",
				"detail = '', action = 'user.unlock'", "detail = '', ip = '192.0.2.1'", "detail = '', request_id = 'r'",
				"detail = '', actor = target", // the operator is no user
				"target = id",
			} {
				if _, err := db.exec(t.Context(), "UPDATE audit_log SET "+change); err == nil {
					t.Errorf("%s: got no error, want one", change)
				}
			}
			got, err := NewAudit(db).Entries(t.Context(), ports.AuditFilter{}, domain.ID{}, 10)
			if err != nil || len(got) != 1 || got[0] != entry {
				t.Errorf("entries: got %+v, error %v, want %+v", got, err, entry)
			}
		})
	}
}
