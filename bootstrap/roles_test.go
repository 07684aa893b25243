package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// has wants the roles that a gateway is told, by the token that the person holds.
func (p *program) has(in signIn, roles string) {
	p.tb.Helper()
	if got := p.check(in.Token, http.StatusNoContent, "").Header.Get("X-User-Roles"); got != roles {
		p.tb.Errorf("X-User-Roles: got %q, want %q", got, roles)
	}
}

func TestRolesCountFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		root, deputy := p.administrator(t, "root"), p.register("deputy")
		browse := func(status int, reason string) {
			t.Helper()
			p.expect(http.MethodGet, "/api/admin/users", deputy.Token, nil, status, reason)
		}
		grant := func(roles ...string) {
			t.Helper()
			p.expect(http.MethodPut, "/api/admin/users/"+deputy.User.ID+"/roles", root.Token, map[string]any{"roles": append([]string{}, roles...)}, http.StatusOK, "")
		}
		p.has(deputy, "user")
		browse(http.StatusForbidden, "PERMISSION_DENIED")
		for range 5 {
			grant("admin")
			browse(http.StatusOK, "")
			p.has(deputy, "admin,user")
			grant()
			browse(http.StatusForbidden, "PERMISSION_DENIED") // with the very token
			p.has(deputy, "user")
		}
		grant("support")
		p.has(deputy, "support,user")
		p.expect(http.MethodGet, "/api/admin/audit", deputy.Token, nil, http.StatusForbidden, "PERMISSION_DENIED")
		p.expect(http.MethodPost, "/api/admin/users/"+root.User.ID+"/lock", deputy.Token,
			map[string]string{"reason": "mutiny"}, http.StatusForbidden, "PERMISSION_DENIED")
		p.expect(http.MethodPut, "/api/admin/users/"+root.User.ID+"/roles", root.Token,
			map[string]any{"roles": []string{}}, http.StatusForbidden, "PERMISSION_DENIED") // nobody changes their own

		says(t, s, []string{"user", "grant", "deputy"}, "changed "+deputy.User.ID)
		p.has(deputy, "user")
		says(t, s, []string{"user", "grant", "deputy", "admin"}, "changed "+deputy.User.ID, "admin")
		browse(http.StatusOK, "")
		p.has(p.passwordLogin("deputy"), "admin,user")
		p.noted(root, deputy)
	})
}

// noted wants the audit log to tell who did what to whom.
func (p *program) noted(root, deputy signIn) {
	p.tb.Helper()
	var log struct {
		Entries []struct {
			ActorID   *string `json:"actor_id"`
			Action    string  `json:"action"`
			IP        *string `json:"ip"`
			RequestID *string `json:"request_id"`
		} `json:"entries"`
	}
	r := p.expect(http.MethodGet, "/api/admin/audit?limit=100&target_id="+deputy.User.ID, root.Token, nil, http.StatusOK, "")
	if err := json.Unmarshal(r.Data, &log); err != nil {
		p.tb.Fatal(err)
	}
	byRoot, byOperator := 0, 0
	for _, entry := range log.Entries {
		switch {
		case entry.Action != "user.roles":
		case entry.ActorID == nil:
			byOperator++
		case *entry.ActorID == root.User.ID && entry.IP != nil && entry.RequestID != nil:
			byRoot++
		}
	}
	if byRoot != 11 || byOperator != 2 {
		p.tb.Errorf("audit log: got %d changes by the administrator and %d by the operator, want 11 and 2\n%s", byRoot, byOperator, r.Data)
	}
}
