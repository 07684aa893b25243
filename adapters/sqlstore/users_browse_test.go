package sqlstore

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// manyUsers are enough for an index to pay, each with an identity and an entry of the audit log, one in ten with a role.
var manyUsers = map[bool][]string{
	true: {
		`INSERT INTO users (id, username, username_folded, email_index, phone_index, nickname, avatar_url, status, version, created_at,
	updated_at)
SELECT gen_random_uuid(), 'User' || n, 'user' || n, decode(md5('e' || n), 'hex'), decode(md5('p' || n), 'hex'), '', '', 1, 1, now(), now()
FROM generate_series(1, 20000) n`,
		`INSERT INTO identities (user_id, id, provider, app_id, openid_sealed, openid_index, linked_at)
SELECT id, id, 'wechat', 'wx0123456789abcdef', '\x00', decode(md5(id::text), 'hex'), now() FROM users`,
		`INSERT INTO user_roles SELECT id, 'admin' FROM users WHERE username LIKE '%7'`,
		`INSERT INTO audit_log SELECT gen_random_uuid(), now(), id, 'user.lock', id, '', '', '' FROM users`,
		`ANALYZE`,
	},
	false: {
		`WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2000)
INSERT INTO users (id, username, username_folded, email_index, phone_index, nickname, avatar_url, status, version, created_at, updated_at)
SELECT randomblob(16), 'User' || n, 'user' || n, randomblob(16), randomblob(16), '', '', 1, 1, 0, 0 FROM s`,
		`INSERT INTO identities (user_id, id, provider, app_id, openid_sealed, openid_index, linked_at)
SELECT id, id, 'wechat', 'wx0123456789abcdef', x'00', id, 0 FROM users`,
		`INSERT INTO user_roles SELECT id, 'admin' FROM users WHERE username LIKE '%7'`,
		`INSERT INTO audit_log SELECT randomblob(16), 0, id, 'user.lock', id, '', '', '' FROM users`,
		`ANALYZE`,
	},
}

// readsAll matches the plan of a statement that reads a table from end to end.
var readsAll = regexp.MustCompile(`Seq Scan on (users|identities|user_roles|audit_log)|SCAN (u|i|r|audit_log)\b`)

func TestPagesAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	for _, backend := range []backend{sqliteFile, postgres} {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			db := openDB(t, Options{URL: backend.url(t)})
			for _, statement := range manyUsers[db.isPostgres()] {
				err := db.write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
					_, err := tx.Tx.ExecContext(ctx, statement)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			email, _ := domain.NewEmail("somebody@example.com")
			phone, _ := domain.NewPhone("+8613912345678")
			middle := domain.UserID{ID: domain.ID{0x80}}
			for what, filter := range map[string]ports.UserFilter{
				"everybody": {}, "a name": {UsernamePrefix: "user1234"}, "an e-mail": {Email: email}, "a phone": {Phone: phone},
				"a role": {Role: domain.RoleAdmin},
			} {
				statement, args, err := db.browsing(filter, middle, 50)
				if err != nil {
					t.Fatal(err)
				}
				db.wantIndexed(t, "page of users by "+what, statement, args...)
			}
			for what, filter := range map[string]ports.AuditFilter{
				"nothing": {}, "an actor": {Actor: middle}, "a target": {Target: middle}, "an action": {Action: domain.AuditMerge},
			} {
				statement, args := db.auditPage(filter, middle.ID, 50)
				db.wantIndexed(t, "page of entries by "+what, statement, args...)
			}
			db.wantIndexed(t, "users due for deletion", usersDue, db.instant(stampNow().At), 50)
			db.wantIndexed(t, "a pseudonym", pseudonymise, db.id(middle.ID), db.id(newID()))
		})
	}
}

func (db *DB) wantIndexed(t *testing.T, what, statement string, args ...any) {
	t.Helper()
	if plan := db.plan(t, statement, args...); plan == "" || readsAll.MatchString(plan) {
		t.Errorf("%s reads a whole table:\n%s", what, plan)
	}
}

// plan tells how the database would run a statement.
func (db *DB) plan(t *testing.T, statement string, args ...any) string {
	t.Helper()
	explain, columns := "EXPLAIN ", 1
	if !db.isPostgres() {
		explain, columns = "EXPLAIN QUERY PLAN ", 4
	}
	var plan []string
	err := db.query(t.Context(), func(found rows) error {
		for found.Next() {
			var line string
			var number int64
			into := []any{&number, &number, &number, &line}
			if err := found.Scan(into[4-columns:]...); err != nil {
				return err
			}
			plan = append(plan, line)
		}
		return nil
	}, explain+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}
