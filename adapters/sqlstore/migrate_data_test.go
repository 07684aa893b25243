package sqlstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
)

// What the release before writes, which may still run when the schema is this one's.
const (
	oldUser = `INSERT INTO users (id, nickname, avatar_url, status, version, created_at, updated_at)
VALUES ($1, '', '', 1, 1, $2, $2)`

	oldRole = `INSERT INTO user_roles (user_id, role) VALUES ($1, $2)`

	oldSession = `INSERT INTO sessions (user_id, id, app_id, device_id, device_model, device_platform, device_system, ip,
	session_key_sealed, refresh_hash, created_at, last_seen_at, idle_until, refresh_until, expires_at)
VALUES ($1, $2, '', '', '', '', '', '', NULL, $3, $4, $4, $5, $5, $5)`
)

func TestFirstSchemaGrowsUnderItsDataAndItsRelease(t *testing.T) {
	t.Parallel()
	for _, backend := range empties {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address := backend.url(t)
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			migrateDownTo(t, address, 1)
			now := stampNow().At
			var ordinary, admin, later domain.SessionState
			old := &DB{cipher: testVault()}
			old.reopen(t, address, func(ctx context.Context, db *DB) {
				ordinary = oldSignIn(t, ctx, db, now)
				admin = oldSignIn(t, ctx, db, now, domain.RoleSupport, domain.RoleAdmin)
			})
			if err := Migrate(t.Context(), address); err != nil {
				t.Fatal(err)
			}
			db := openDB(t, Options{URL: address})
			later = oldSignIn(t, t.Context(), db, now)
			sessions := NewSessions(db, sessionLimits)
			for _, session := range []domain.SessionState{ordinary, admin, later} {
				roles, err := sessions.Touch(t.Context(), session.UserID, session.ID, now)
				if err != nil || !slices.Equal(roles, session.Roles) {
					t.Errorf("touch: got roles %v, error %v, want %v", roles, err, session.Roles)
				}
				_, err = sessions.Refresh(t.Context(), session.UserID, session.ID, session.RefreshHash, domain.RefreshHash{2}, now)
				if err != nil {
					t.Errorf("refresh: %v", err)
				}
				if _, err := NewUsers(db).ByID(t.Context(), session.UserID); err != nil {
					t.Errorf("user: %v", err)
				}
				if err := sessions.EndOpenedBefore(t.Context(), session.UserID, 1, domain.SessionID{}); err != nil {
					t.Errorf("end sessions: %v", err)
				}
				if _, err := sessions.Touch(t.Context(), session.UserID, session.ID, now); !errors.Is(err, domain.ErrSessionEnded) {
					t.Errorf("touch after any ending: got error %v, want %v", err, domain.ErrSessionEnded)
				}
			}
		})
	}
}

// reopen connects without the statements that only the newest schema knows.
func (db *DB) reopen(t *testing.T, address domain.Secret, use func(ctx context.Context, db *DB)) {
	t.Helper()
	if isPostgresURL(address) {
		config, err := postgresConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.connect(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	} else if err := db.openSQLite(Options{URL: address, MaxConns: 1}); err != nil {
		t.Fatal(err)
	}
	use(t.Context(), db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func oldSignIn(t *testing.T, ctx context.Context, db *DB, now time.Time, roles ...domain.Role) domain.SessionState {
	t.Helper()
	session := domain.SessionState{
		UserID: newUserID(), ID: domain.SessionID{ID: newID()}, RefreshHash: domain.RefreshHash{1}, CreatedAt: now,
		Roles: append(roles, domain.RoleUser), ExpiresAt: now.Add(time.Hour),
	}
	slices.Sort(session.Roles)
	user := db.id(session.UserID.ID)
	err := db.write(ctx, func(ctx context.Context, tx bun.Tx) error {
		all := []step{{statement: oldUser, args: []any{user, db.instant(now)}}}
		for _, role := range roles {
			all = append(all, step{statement: oldRole, args: []any{user, string(role)}})
		}
		all = append(all, step{statement: oldSession, args: []any{
			user, db.id(session.ID.ID), session.RefreshHash[:], db.instant(now), db.instant(session.ExpiresAt),
		}})
		for _, next := range all {
			if _, err := tx.Tx.ExecContext(ctx, next.statement, next.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return session
}
