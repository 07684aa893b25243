package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func TestRegisteringSignsIn(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := s.do(t, "POST", "/api/register",
		`{"username":"LiHua","password":"correct horse battery","email":"LiHua@example.com","device":{"model":"iPhone 15"}}`)
	data := reply.object(t, 201)
	user := data["user"].(map[string]any)
	if data["is_new_user"] != true || user["username"] != "LiHua" || user["email"] != "L***@example.com" {
		t.Errorf("got %s", reply.body)
	}
	if !strings.Contains(string(reply.body), "注册成功") || strings.Contains(s.log.String(), password) {
		t.Errorf("got %s", reply.body)
	}
	s.wantSession(t, data["token"].(string), true)
}

func TestPasswordSignsInByEveryFormOfTheName(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.do(t, "POST", "/api/register", `{"username":"lihua","password":"correct horse battery","email":"lihua@example.com"}`).object(t, 201)
	for _, login := range []string{"lihua", "LIHUA", "ｌｉｈｕａ", "lihua@example.com", "LiHua@Example.COM", "lihua＠example.com"} {
		data := s.do(t, "POST", "/api/login/password", `{"username":"`+login+`","password":"correct horse battery"}`).object(t, 200)
		if data["is_new_user"] != false || data["user"].(map[string]any)["username"] != "lihua" {
			t.Errorf("%s: got %v", login, data)
		}
	}
}

func TestNamesAreNormalisedBeforeTheyAreKept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.do(t, "POST", "/api/register",
		`{"username":"ｌｉｈｕａ①","password":"correct horse battery","email":"lihua＠example.com"}`).object(t, 201)
	if got := data["user"].(map[string]any)["username"]; got != "lihua1" {
		t.Errorf("username %v, want lihua1", got)
	}
	s.do(t, "POST", "/api/register", `{"username":"LIHUA1","password":"correct horse battery"}`).want(t, 409, "USERNAME_TAKEN")
	s.do(t, "POST", "/api/register", `{"username":"other","password":"correct horse battery","email":"LIHUA@example.com"}`).
		want(t, 409, "EMAIL_TAKEN")
}

func TestInvalidRegistrationSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, test := range []struct{ name, body, field, rule, zh, en string }{
		{"short password", `{"username":"lihua","password":"1234567"}`, "password", "min", "至少 8 个字符", "must have at least 8 characters"},
		{"common password", `{"username":"lihua","password":"PassWord1"}`, "password", "common", "属于最常见的密码", "is one of the most common passwords"},
		{"the name as password", `{"username":"lihua-88","password":"LIHUA-88"}`, "password", "same", "不能与用户名相同", "must not be the username"},
		{"name with a space", `{"username":"li hua","password":"correct horse battery"}`, "username", "format", "须以字母或数字开头,只含字母、数字、“_”“.”“-”", `must begin with a letter or digit and hold letters, digits, "_", "." and "-" only`},
		{"short name", `{"username":"li","password":"correct horse battery"}`, "username", "min", "至少 3 个字符", "must have at least 3 characters"},
		{"no address", `{"username":"lihua","password":"correct horse battery","email":"li@"}`, "email", "format", "不是有效的邮箱地址", "is not an e-mail address"},
		{"email null", `{"username":"lihua","password":"correct horse battery","email":null}`, "email", "type", "类型应为 string", "must be of type string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for language, message := range map[string]string{"zh": test.zh, "en": test.en} {
				reply := s.do(t, "POST", "/api/register", test.body, header{"Accept-Language": language})
				reply.wantDetail(t, detail{test.field, test.rule, message})
			}
		})
	}
}

func TestEveryFaultOfARegistrationIsListed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := s.do(t, "POST", "/api/register", `{"username":"-li","password":"password","email":"li","device":{"id":"\u0007"}}`)
	reply.want(t, 400, "INVALID_ARGUMENT")
	var fields []string
	for _, fault := range reply.details(t) {
		fields = append(fields, fault.Field)
	}
	if want := []string{"username", "password", "email", "device.id"}; !slices.Equal(fields, want) {
		t.Errorf("fields %q, want %q", fields, want)
	}
}

func TestUnknownNameAndWrongPasswordAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.register(t, "lihua")
	var bodies []string
	for _, login := range []string{"lihua", "nobody", "nobody@example.com", "not a name", "@", "\\u0000"} {
		reply := s.do(t, "POST", "/api/login/password", `{"username":"`+login+`","password":"wrong"}`, header{"X-Request-ID": "r"})
		reply.want(t, 401, "BAD_CREDENTIALS")
		if got := reply.header.Get("WWW-Authenticate"); got != `Bearer realm="menjin"` {
			t.Errorf("WWW-Authenticate %q", got)
		}
		bodies = append(bodies, string(reply.body))
	}
	if len(slices.Compact(bodies)) != 1 {
		t.Errorf("answers differ: %q", bodies)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.register(t, "lihua")
	for range 6 {
		s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"wrong"}`).want(t, 401, "BAD_CREDENTIALS")
	}
	reply := s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`)
	reply.want(t, 429, "TOO_MANY_ATTEMPTS")
	if got := reply.header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want 2", got)
	}
}

func TestPasswordOfALockedAccountSaysSo(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.register(t, "lihua")
	s.alter(t, data, func(state *domain.UserState) { state.Status = domain.StatusLocked })
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"correct horse battery"}`).want(t, 403, "ACCOUNT_LOCKED")
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"wrong"}`).want(t, 401, "BAD_CREDENTIALS")
}
