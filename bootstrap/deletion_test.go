package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestDeletedUserIsGoneAndMayComeBackAsSomebodyNew(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		root := p.administrator(t, "root")
		alice, bob := p.settle(w, testAppID, "alice"), p.settle(w, testAppID, "bob")
		alice.register(p)
		other, refreshed := p.passwordLogin(alice.username), p.refresh(alice.RefreshToken)
		p.call(http.MethodGet, "/api/user/export", other.Token, nil)
		p.expect(http.MethodPut, "/api/admin/users/"+alice.User.ID+"/roles", root.Token, map[string]any{"roles": []string{"support"}}, http.StatusOK, "")
		p.finds(root, alice, 1)
		if len(p.rowsNaming(alice.User.ID)) < 4 || len(naming(t, p.events, alice.User.ID)) == 0 {
			t.Fatal("the traces that somebody leaves are not found while they are there")
		}

		p.delete(other)
		for _, in := range []signIn{alice.signIn, other, refreshed} {
			p.isOut(in)
		}
		p.isForgotten(w, root, alice)
		if got := p.user(bob); got.Phone == nil || got.Email == nil {
			t.Errorf("the bystander: got %+v, want e-mail and telephone number as before", got)
		}

		again := p.settle(w, testAppID, "alice")
		if !again.IsNewUser || again.User.ID == alice.User.ID {
			t.Errorf("the same person afterwards: got new %t, user %s; want somebody new", again.IsNewUser, again.User.ID)
		}
		again.register(p)
		p.finds(root, again, 1)
		p.seesItself(again.signIn)
		p.isOut(other)
		p.leavesTombstone(alice.User.ID)
	})
}

// isForgotten wants nothing to be left of a citizen but the last event and a pseudonym.
func (p *program) isForgotten(w *weChat, root signIn, c citizen) {
	p.tb.Helper()
	user := "/api/admin/users/" + c.User.ID
	for _, ask := range []struct {
		method, path string
		body         any
	}{
		{http.MethodGet, user, nil},
		{http.MethodGet, user + "/sessions", nil},
		{http.MethodPost, user + "/lock", map[string]string{"reason": "test"}},
		{http.MethodPut, user + "/roles", map[string]any{"roles": []string{"admin"}}},
	} {
		p.expect(ask.method, ask.path, root.Token, ask.body, http.StatusNotFound, "NOT_FOUND")
	}
	p.finds(root, c, 0)
	for _, name := range []string{c.username, c.email} {
		p.refuseLogin(name, goodPassword, http.StatusUnauthorized, "BAD_CREDENTIALS")
	}
	p.leavesTombstone(c.User.ID)
	p.rowsForget(w, c)
	p.auditForgets(root, c)
}

// rowsForget looks through every table. Beside the last event, a fence may name the user, which holds off sessions that are being
// opened, and is swept with them.
func (p *program) rowsForget(w *weChat, c citizen) {
	p.tb.Helper()
	for _, row := range p.rowsNaming(c.User.ID, c.email, c.username, c.nickname, c.avatar, c.phone, c.phone[3:],
		w.OpenID("", c.person), w.UnionID(c.person), "device of "+c.person) {
		mayStay(p.tb, row)
	}
}

// mayStay refuses a row that names a deleted user.
func mayStay(tb testing.TB, row string) {
	tb.Helper()
	fence, last := strings.HasPrefix(row, "session_fences: "), strings.HasPrefix(row, "outbox_events: ") && strings.Contains(row, deletedV1)
	if !fence && !last {
		tb.Errorf("a row is left of a deleted user: %s", row)
	}
}

// auditForgets wants what was done to be told still, but not of whom and from where.
func (p *program) auditForgets(root signIn, c citizen) {
	p.tb.Helper()
	var log struct {
		Entries []struct {
			ActorID   *string `json:"actor_id"`
			TargetID  *string `json:"target_id"`
			Action    string  `json:"action"`
			Detail    *string `json:"detail"`
			IP        *string `json:"ip"`
			RequestID *string `json:"request_id"`
		} `json:"entries"`
	}
	for _, by := range []string{"actor_id", "target_id"} {
		r := p.expect(http.MethodGet, "/api/admin/audit?"+by+"="+c.User.ID, root.Token, nil, http.StatusOK, "")
		if err := json.Unmarshal(r.Data, &log); err != nil || len(log.Entries) != 0 {
			p.tb.Errorf("entries by %s of a deleted user: got %s, want none", by, r.Data)
		}
	}
	r := p.expect(http.MethodGet, "/api/admin/audit?limit=100", root.Token, nil, http.StatusOK, "")
	if err := json.Unmarshal(r.Data, &log); err != nil {
		p.tb.Fatal(err)
	}
	pseudonym := ""
	var done []string
	for _, entry := range log.Entries {
		if entry.Action == "user.delete" && entry.TargetID != nil {
			pseudonym = *entry.TargetID
		}
	}
	for _, entry := range log.Entries {
		if pseudonym == "" || entry.TargetID == nil || *entry.TargetID != pseudonym {
			continue
		}
		done = append(done, entry.Action)
		if entry.IP != nil || entry.RequestID != nil || entry.Detail != nil && *entry.Detail != "" {
			p.tb.Errorf("entry %s of a deleted user: got %s, want no address, request or detail", entry.Action, r.Data)
		}
	}
	slices.Sort(done)
	if want := []string{"user.delete", "user.export", "user.password", "user.phone_bind", "user.roles"}; !slices.Equal(done, want) {
		p.tb.Errorf("what is told of the pseudonym: got %v, want %v", done, want)
	}
}
