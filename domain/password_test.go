package domain_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	name, err := domain.NewUsername("Li.Lei-2026")
	if err != nil {
		t.Fatalf("username: %v", err)
	}
	choose := func(text string) (domain.Password, error) { return domain.NewPassword("new_password", text, name) }
	testValue(t, "new_password", choose, func(p domain.Password) string { return p.Reveal() }, []valueCase{
		same("correct horse"), same("梅花香自苦寒来也"), same("🌸🌼🌸🌼🌸🌼🌸🌼"), same(strings.Repeat("ab", 64)), same("li.lei-2026x"), same(" pass phrase "),
		refused(""), refused("x"), refused("1234567"), refused("梅花香自苦寒来"), refused(strings.Repeat("ab", 64) + "c"), refused("passw\xffrd!"),
		refused("PassWord1"), refused("12345678"), refused("aaaaaaaaaaaa"), refused("AAAAaaaa"), refused("zzzzzzzz"),
		refused("Li.Lei-2026"), refused("LI.LEI-2026"),
	})
	if _, err := domain.NewPassword("password", "li.lei-2026", domain.Username{}); err != nil {
		t.Errorf("password of somebody without a username: %v", err)
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	name, err := domain.NewUsername("longenough")
	if err != nil {
		t.Fatalf("username: %v", err)
	}
	for text, rule := range map[string]string{
		"short": "min", strings.Repeat("ab", 65): "max", "password1": "common", "LongEnough": "same", "valid\xfftext": "format",
	} {
		_, err := domain.NewPassword("password", text, name)
		wantViolation(t, err, "password", rule)
	}
}

func TestPermissionsOfRoles(t *testing.T) {
	t.Parallel()
	user, support, admin := []domain.Role{domain.RoleUser}, []domain.Role{domain.RoleUser, domain.RoleSupport}, []domain.Role{domain.RoleAdmin}
	for permission, want := range map[domain.Permission][3]bool{ // of user, support, admin
		domain.PermissionUsersRead: {false, true, true}, domain.PermissionUsersLock: {false, true, true},
		domain.PermissionSessionsEnd: {false, true, true}, domain.PermissionUsersMerge: {false, false, true},
		domain.PermissionRolesGrant: {false, false, true}, domain.PermissionOutboxManage: {false, false, true},
		domain.PermissionAuditRead: {false, false, true}, "unheard.of": {false, false, false},
	} {
		for i, roles := range [][]domain.Role{user, support, admin} {
			if got := domain.CheckPermission(roles, permission) == nil; got != want[i] {
				t.Errorf("%s of %v: got %t, want %t", permission, roles, got, want[i])
			}
		}
		if err := domain.CheckPermission(nil, permission); err == nil {
			t.Errorf("%s without a role: got no error, want one", permission)
		}
	}
}

func TestRolesAsText(t *testing.T) {
	t.Parallel()
	roles := []domain.Role{domain.RoleAdmin, domain.RoleUser}
	if got := domain.JoinRoles(roles); got != "admin,user" {
		t.Errorf("join: got %q, want admin,user", got)
	}
	for text, want := range map[string]string{"admin,user": "admin,user", "": "", "root,user,": "user", ",,support": "support"} {
		if got := domain.JoinRoles(domain.SplitRoles(text)); got != want {
			t.Errorf("split %q: got %q, want %q", text, got, want)
		}
	}
}
