package httpapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

type userList struct {
	Users      []map[string]any
	NextCursor *string `json:"next_cursor"`
}

func (s *service) browse(t *testing.T, token, query string) (ids []string, next *string) {
	t.Helper()
	var list userList
	s.do(t, "GET", "/api/admin/users"+query, "", as(token)).read(t, 200, &list)
	for _, user := range list.Users {
		ids = append(ids, user["id"].(string))
	}
	return ids, list.NextCursor
}

func TestUsersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.staff(t, domain.RoleAdmin)
	want := []string{admin.User.ID}
	for i := range 4 {
		want = append(want, s.signIn(t, fmt.Sprintf("person-%d", i)).User.ID)
	}
	var got []string
	cursor := ""
	for pages := 1; ; pages++ {
		ids, next := s.browse(t, admin.Token, "?limit=2"+cursor)
		got = append(got, ids...)
		if next == nil {
			if pages != 3 {
				t.Errorf("%d pages, want 3", pages)
			}
			break
		}
		cursor = "&cursor=" + *next
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if ids, next := s.browse(t, admin.Token, "?limit=5"); len(ids) != 5 || next != nil {
		t.Errorf("page that just fits: got %d users and cursor %v", len(ids), next)
	}
}

func TestUsersAreFound(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li, wang := s.staff(t, domain.RoleAdmin), s.register(t, "LiHua"), s.signIn(t, "wang")
	s.alter(t, li, func(state *domain.UserState) {
		state.Email, _ = domain.NewEmail("lihua@example.com")
		state.Phone, _ = domain.NewPhone("+8613812341234")
	})
	for query, want := range map[string][]string{
		"username=lih":                        {li.User.ID},
		"username=ＬＩＨ":                        {li.User.ID}, // full-width, normalised
		"username=hua":                        nil,
		"email=LIHUA@example.com":             {li.User.ID},
		"email=li@example.com":                nil,
		"phone=%2B8613812341234":              {li.User.ID},
		"phone=%2B8613812341235":              nil,
		"role=admin":                          {admin.User.ID},
		"role=support":                        nil,
		"role=admin&username=lih":             nil,
		"id=" + wang.User.ID:                  {wang.User.ID},
		"id=" + anID:                          nil,
		"id=" + strings.ToUpper(wang.User.ID): {wang.User.ID},
	} {
		if got, next := s.browse(t, admin.Token, "?"+query); !slices.Equal(got, want) || next != nil {
			t.Errorf("%s: got %q and cursor %v, want %q", query, got, next, want)
		}
	}
}

func TestAdministratorsSeeNoMoreThanOwners(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li := s.staff(t, domain.RoleAdmin), s.signIn(t, "li")
	s.alter(t, li, func(state *domain.UserState) { state.Phone, _ = domain.NewPhone("+8613812341234") })
	for _, path := range []string{"/api/admin/users?phone=%2B8613812341234", "/api/admin/users/" + li.User.ID} {
		body := string(s.do(t, "GET", path, "", as(admin.Token)).body)
		if !strings.Contains(body, "138****1234") || strings.Contains(body, "13812341234") || strings.Contains(body, "openid") {
			t.Errorf("%s: got %s", path, body)
		}
	}
	if strings.Contains(s.log.String(), "13812341234") {
		t.Error("the phone number is in the log")
	}
}

func TestMalformedFiltersAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.staff(t, domain.RoleAdmin)
	format := "不是有效的编号"
	for path, want := range map[string]detail{
		"users?limit=0":                             {"limit", "min", "至少为 1"},
		"users?limit=101":                           {"limit", "max", "至多为 100"},
		"users?limit=ten":                           {"limit", "type", "类型应为 integer"},
		"users?limit=99999999999999999999":          {"limit", "type", "类型应为 integer"},
		"users?cursor=x":                            {"cursor", "format", format},
		"users?id=1":                                {"id", "format", format},
		"users?username=%25":                        {"username", "format", "须以字母或数字开头,只含字母、数字、“_”“.”“-”"},
		"users?username=%00":                        {"username", "format", "须以字母或数字开头,只含字母、数字、“_”“.”“-”"},
		"users?username=%ff":                        {"username", "format", "须以字母或数字开头,只含字母、数字、“_”“.”“-”"},
		"users?username=" + strings.Repeat("a", 33): {"username", "format", "须以字母或数字开头,只含字母、数字、“_”“.”“-”"},
		"users?email=li":                            {"email", "format", "不是有效的邮箱地址"},
		"users?phone=13812341234":                   {"phone", "format", "不是 E.164 格式的电话号码"},
		"users?role=user":                           {"role", "enum", "须为 support 或 admin"},
		"users?role=root":                           {"role", "enum", "须为 support 或 admin"},
		"audit?limit=-1":                            {"limit", "min", "至少为 1"},
		"audit?cursor=" + url.QueryEscape("'; --"):  {"cursor", "format", format},
		"audit?actor_id=x":                          {"actor_id", "format", format},
		"audit?target_id=x":                         {"target_id", "format", format},
		"audit?action=User%20Lock":                  {"action", "format", "格式不正确"},
	} {
		s.do(t, "GET", "/api/admin/"+path, "", as(admin.Token)).wantDetail(t, want)
	}
	s.do(t, "GET", "/api/admin/users?limit=1&limit=2", "", as(admin.Token)).want(t, 400, "INVALID_ARGUMENT")
}

func TestAuditLogTellsWhoDidWhat(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, li := s.staff(t, domain.RoleAdmin), s.signIn(t, "li")
	s.do(t, "POST", "/api/admin/users/"+li.User.ID+"/lock", `{"reason":"举报核实"}`, as(admin.Token), header{"X-Request-ID": "lock-1"})
	s.do(t, "POST", "/api/admin/users/"+li.User.ID+"/unlock", "", as(admin.Token))
	s.do(t, "PUT", "/api/admin/users/"+li.User.ID+"/roles", `{"roles":["support"]}`, as(admin.Token))
	var page struct {
		Entries    []map[string]any
		NextCursor *string `json:"next_cursor"`
	}
	audit := func(query string) (actions []string) {
		s.do(t, "GET", "/api/admin/audit"+query, "", as(admin.Token)).read(t, 200, &page)
		for _, entry := range page.Entries {
			actions = append(actions, entry["action"].(string))
		}
		return actions
	}
	if got, want := audit("?limit=2"), []string{"user.roles", "user.unlock"}; !slices.Equal(got, want) || page.NextCursor == nil {
		t.Fatalf("got %q and cursor %v, want %q", got, page.NextCursor, want)
	}
	if got := audit("?limit=2&cursor=" + *page.NextCursor); !slices.Equal(got, []string{"user.lock"}) || page.NextCursor != nil {
		t.Fatalf("second page %q, cursor %v", got, page.NextCursor)
	}
	for name, want := range map[string]any{
		"actor_id": admin.User.ID, "target_id": li.User.ID, "detail": "举报核实", "ip": "127.0.0.1", "request_id": "lock-1",
		"at": "2026-11-22T08:00:00Z",
	} {
		if got := page.Entries[0][name]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	for query, want := range map[string]int{
		"?action=user.lock": 1, "?target_id=" + li.User.ID: 3, "?actor_id=" + li.User.ID: 0,
		"?action=user.roles&actor_id=" + admin.User.ID: 1, "?action=unknown": 0,
	} {
		if got := audit(query); len(got) != want {
			t.Errorf("%s: got %q, want %d", query, got, want)
		}
	}
}
