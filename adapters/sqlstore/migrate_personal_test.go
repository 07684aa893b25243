package sqlstore

import (
	"context"
	"errors"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// beforePersonal is how many steps come before that of personal data.
func beforePersonal(t *testing.T) int {
	t.Helper()
	entries, err := migrations.ReadDir("migrations/postgres")
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range entries {
		if entry.Name() == "0004_personal_data.sql" {
			return i
		}
	}
	t.Fatal("there is no step of personal data")
	return 0
}

func TestPersonalDataGoesDownAndUpAgain(t *testing.T) {
	t.Parallel()
	for _, backend := range empties {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address := backend.url(t)
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			user, entry, digest := newUserID(), domain.AuditEntry{}, [32]byte{1}
			newest(t, address, func(db *DB) { user, entry = leaveBehind(t, db, digest) })
			migrateDownTo(t, address, beforePersonal(t))
			(&DB{cipher: testVault()}).reopen(t, address, func(ctx context.Context, db *DB) {
				if _, err := db.exec(ctx, "UPDATE audit_log SET detail = ''"); err == nil {
					t.Error("pseudonym in the log of the release before: got no error, want one")
				}
			})
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			newest(t, address, func(db *DB) {
				kept, err := NewUsers(db).ByID(t.Context(), user)
				if err != nil || !kept.State().DeleteAt.IsZero() {
					t.Errorf("user: got %+v, error %v, want one whose wish went with its column", kept, err)
				}
				got, err := NewAudit(db).Entries(t.Context(), ports.AuditFilter{}, domain.ID{}, 10)
				if err != nil || len(got) != 1 || got[0] != entry {
					t.Errorf("entries: got %+v, error %v, want %+v", got, err, entry)
				}
				err = db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
					return errors.Join(
						tx.Inbox().Add(ctx, digest, stampNow().At), tx.Audit().Pseudonymise(ctx, entry.Target, newUserID()))
				})
				if err != nil {
					t.Errorf("message and pseudonym afterwards: %v", err)
				}
			})
		})
	}
}

// newest opens a database of the newest schema and closes it.
func newest(t *testing.T, address domain.Secret, use func(db *DB)) {
	t.Helper()
	t.Run("", func(t *testing.T) { use(openDB(t, Options{URL: address})) })
}

// leaveBehind keeps a user who is to be deleted, a message taken in and an entry with a pseudonym.
func leaveBehind(t *testing.T, db *DB, digest [32]byte) (domain.UserID, domain.AuditEntry) {
	t.Helper()
	user, event := newUser(t)
	user.RequestDeletion(stampNow().At, stampNow())
	entry := domain.AuditEntry{ID: newID(), At: stampNow().At, Action: domain.AuditLock, Target: newUserID(), Detail: "spam", IP: "192.0.2.1"}
	err := db.InTx(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		pseudonym := newUserID()
		err := errors.Join(
			tx.Users().Add(ctx, user), tx.Outbox().Append(ctx, event), tx.Inbox().Add(ctx, digest, stampNow().At),
			tx.Audit().Append(ctx, entry), tx.Audit().Pseudonymise(ctx, entry.Target, pseudonym),
		)
		entry.Target, entry.Detail, entry.IP = pseudonym, "", ""
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return user.ID(), entry
}
