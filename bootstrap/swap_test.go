package bootstrap_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// swapCase is what somebody who can write to the database changes about two users, and what must not come of it.
type swapCase struct {
	name    string
	changes []string // statements about the users $1 and $2
	betrays func(p *program, w *weChat, one, other settler) bool
}

// settler is somebody with an account that holds everything.
type settler struct {
	signIn
	person string
}

func (r settler) email() string { return r.person + "@example.com" }

func (p *program) settler(w *weChat, person string) settler {
	p.tb.Helper()
	r := settler{p.login(w.code(person)), person}
	p.takePhone(r.signIn, w.phoneCode(person))
	p.expect(http.MethodPut, "/api/user/info", r.Token, map[string]string{"email": r.email()}, http.StatusOK, "")
	p.expect(http.MethodPut, "/api/user/password", r.Token,
		map[string]string{"username": person, "new_password": goodPassword + person}, http.StatusOK, "")
	return r
}

// exchange swaps what two users have in a column that has to be unique.
func exchange(table, key, column string) []string {
	set := func(to, from string) string {
		return "UPDATE " + table + " SET " + column + " = " + from + " WHERE " + key + " = " + to
	}
	kept := "(SELECT value FROM kept WHERE id = "
	return []string{
		"CREATE TEMPORARY TABLE kept AS SELECT " + key + " AS id, " + column + " AS value FROM " + table +
			" WHERE " + key + " IN ($1, $2)",
		set("$1", "decode(md5($1::text || $2::text), 'hex')"), set("$2", kept+"$1)"), set("$1", kept+"$2)"),
		"DROP TABLE kept",
	}
}

// isShown reports whether users are shown anything of themselves.
func isShown(p *program, _ *weChat, one, _ settler) bool {
	return p.call(http.MethodGet, "/api/user/export", one.Token, nil).Status < http.StatusInternalServerError
}

// takesOver reports whether the WeChat login of one leads to the account of the other.
func takesOver(p *program, w *weChat, one, other settler) bool {
	in, _, err := p.tryLogin(w.code(one.person))
	return err != nil || in.User.ID == other.User.ID
}

func swapCases() []swapCase {
	return []swapCase{
		{"e-mails", exchange("users", "id", "email_sealed"), isShown},
		{"telephone numbers", exchange("users", "id", "phone_sealed"), isShown},
		{
			"an e-mail for a telephone number",
			[]string{"UPDATE users SET email_sealed = phone_sealed WHERE id = $1"},
			isShown,
		},
		{"openids", exchange("identities", "user_id", "openid_sealed"), isShown},
		{"unionids", exchange("identities", "user_id", "unionid_sealed"), isShown},
		{
			"a unionid for an openid",
			[]string{"UPDATE identities SET openid_sealed = unionid_sealed WHERE user_id = $1"},
			isShown,
		},
		{"digests of openids", exchange("identities", "user_id", "openid_index"), takesOver},
		{"owners of identities", []string{
			"UPDATE identities SET user_id = CASE user_id WHEN $1 THEN $2 ELSE $1 END WHERE user_id IN ($1, $2)",
		}, takesOver},
		{"digests of e-mails", exchange("users", "id", "email_index"), func(p *program, _ *weChat, one, other settler) bool {
			r := p.call(http.MethodPost, "/api/login/password", "", credentials(one.email(), goodPassword+other.person))
			return r.Status == http.StatusOK
		}},
	}
}

func TestFieldsSwappedBetweenUsersOrColumnsAreNoticed(t *testing.T) {
	t.Parallel()
	s, w := onServers(t), startWeChat(t)
	p := start(t, s.with(w.settings()))
	conn, err := pgx.Connect(t.Context(), s["database.url"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	for i, c := range swapCases() {
		one, other := p.settler(w, fmt.Sprintf("one-%d", i)), p.settler(w, fmt.Sprintf("other-%d", i))
		for _, change := range c.changes {
			change = strings.NewReplacer("$1", "'"+one.User.ID+"'::uuid", "$2", "'"+other.User.ID+"'::uuid").Replace(change)
			if _, err := conn.Exec(t.Context(), change); err != nil {
				t.Fatalf("%s: %s: %v", c.name, change, err)
			}
		}
		if c.betrays(p, w, one, other) {
			t.Errorf("%s are swapped and nobody notices", c.name)
		}
	}
}
