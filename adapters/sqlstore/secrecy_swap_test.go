package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// lookUps are the ways to find a person by an index, and the index of each.
var lookUps = []struct {
	name, table, column string
	find                func(t *testing.T, users *Users, who domain.UserState) error
}{
	{"ByWeChat", "identities", "openid", func(t *testing.T, users *Users, who domain.UserState) error {
		_, err := users.ByWeChat(t.Context(), who.WeChat[0].AppID, who.WeChat[0].OpenID)
		return err
	}},
	{"ByUnionID", "identities", "unionid", func(t *testing.T, users *Users, who domain.UserState) error {
		_, err := users.ByUnionID(t.Context(), who.WeChat[0].UnionID)
		return err
	}},
	{"ByEmail", "users", "email", func(t *testing.T, users *Users, who domain.UserState) error {
		email, err := domain.NewEmail(strings.ToUpper(who.Email.Reveal()))
		if err == nil {
			_, err = users.ByEmail(t.Context(), email)
		}
		return err
	}},
	{"Browse by e-mail", "users", "email", func(t *testing.T, users *Users, who domain.UserState) error {
		_, err := users.Browse(t.Context(), ports.UserFilter{Email: who.Email}, domain.UserID{}, 2)
		return err
	}},
	{"Browse by phone", "users", "phone", func(t *testing.T, users *Users, who domain.UserState) error {
		_, err := users.Browse(t.Context(), ports.UserFilter{Phone: who.Phone}, domain.UserID{}, 2)
		return err
	}},
}

func TestSwappedIndexIsNoticedByEveryLookUp(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		for _, plain := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, plain users %t", backend.name, plain), func(t *testing.T) {
				t.Parallel()
				db := openDB(t, Options{URL: backend.url(t)})
				one, other := addPerson(t, db, 1, plain), addPerson(t, db, 2, plain)
				for _, by := range lookUps {
					row := other.ID.ID
					if by.table == "identities" {
						row = identityRow(t, db, other.ID)
					}
					swapIndexes(t, db, by.table, by.column, one.ID, other.ID)
					wantMisled(t, by.name, by.find(t, NewUsers(db), one), by.table+"."+by.column, row, one, other)
					swapIndexes(t, db, by.table, by.column, one.ID, other.ID)
					if err := by.find(t, NewUsers(db), one); err != nil {
						t.Errorf("%s, swapped back: %v", by.name, err)
					}
				}
			})
		}
	}
}

// addPerson registers a person; one who is not plain has a role and an identity in another app that came later.
func addPerson(t *testing.T, db *DB, n int, plain bool) domain.UserState {
	t.Helper()
	user, event := person(t, n)
	state := user.State()
	if !plain {
		state.Roles = []domain.Role{domain.RoleAdmin, domain.RoleUser}
		later := state.WeChat[0]
		later.AppID, later.LinkedAt = "wxfedcba9876543210", later.LinkedAt.AddDate(1, 0, 0)
		state.WeChat = append(state.WeChat, later)
	}
	if err := add(t.Context(), db, domain.RestoreUser(state), event); err != nil {
		t.Fatal(err)
	}
	return state
}

// wantMisled checks that an error names the place and no value, and is no answer of the domain's.
func wantMisled(t *testing.T, what string, err error, place string, row domain.ID, people ...domain.UserState) {
	t.Helper()
	if _, ok := errors.AsType[misled](err); !ok {
		t.Errorf("%s: got %v, want the error of a look-up that was misled", what, err)
		return
	}
	if _, answer := errors.AsType[*domain.Error](err); answer {
		t.Errorf("%s: got the domain's %v, want an internal error", what, err)
	}
	if text := err.Error(); !strings.Contains(text, place) || !strings.Contains(text, row.String()) {
		t.Errorf("%s: got %v, want %s and row %s named", what, err, place, row)
	}
	for _, who := range people {
		for _, value := range []domain.Secret{who.Email.Secret, who.Phone.Secret, who.WeChat[0].OpenID.Secret, who.WeChat[0].UnionID.Secret} {
			if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(value.Reveal())) {
				t.Errorf("%s: the error quotes a value: %v", what, err)
			}
		}
	}
}

// swapIndexes exchanges what two users have in an index; of identities, in that of the first linked.
func swapIndexes(t *testing.T, db *DB, table, column string, one, other domain.UserID) {
	t.Helper()
	rows := []domain.ID{one.ID, other.ID}
	if table == "identities" {
		rows = []domain.ID{identityRow(t, db, one), identityRow(t, db, other)}
	}
	var digests [2][]byte
	for i, row := range rows {
		statement := "SELECT " + column + "_index FROM " + table + " WHERE id = $1"
		if err := scanOne(t.Context(), db, &digests[i], statement, db.id(row)); err != nil {
			t.Fatal(err)
		}
	}
	set := "UPDATE " + table + " SET " + column + "_index = $1 WHERE id = $2"
	mustExec(t, db, set, []byte("neither's"), db.id(rows[0])) // as it has to be unique
	mustExec(t, db, set, digests[0], db.id(rows[1]))
	mustExec(t, db, set, digests[1], db.id(rows[0]))
}

// identityRow is that of the identity first added to a user.
func identityRow(t *testing.T, db *DB, user domain.UserID) domain.ID {
	t.Helper()
	var row idColumn
	statement := "SELECT id FROM identities WHERE user_id = $1 ORDER BY id LIMIT 1"
	if err := scanOne(t.Context(), db, &row, statement, db.id(user.ID)); err != nil {
		t.Fatal(err)
	}
	return domain.ID(row)
}

func scanOne(ctx context.Context, db *DB, into any, statement string, args ...any) error {
	return db.query(ctx, func(found rows) error {
		if !found.Next() {
			return errors.New("there is no such row")
		}
		return found.Scan(into)
	}, statement, args...)
}

func mustExec(t *testing.T, db *DB, statement string, args ...any) {
	t.Helper()
	if count, err := db.exec(t.Context(), statement, args...); err != nil || count != 1 {
		t.Fatalf("%s: changed %d rows, %v", statement, count, err)
	}
}
