package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestLoginAnswersWithTokensAndTheUser(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.grant(t, "code-1", "li")
	reply := s.do(t, "POST", "/api/login",
		`{"code":"code-1","app_id":"wx0123456789abcdef","device":{"id":"d","model":"iPhone 15","platform":"ios","system":"iOS 18"},"more":1}`)
	if reply.status != http.StatusOK {
		t.Fatalf("got %d %s", reply.status, reply.body)
	}
	var envelope struct {
		Message string
		Data    map[string]any
	}
	if err := json.Unmarshal(reply.body, &envelope); err != nil {
		t.Fatal(err)
	}
	if envelope.Message != "登录成功" {
		t.Errorf("message %q", envelope.Message)
	}
	for name, want := range map[string]any{
		"token_type": "Bearer", "expires_in": 7200.0, "refresh_expires_in": 2592000.0, "is_new_user": true,
	} {
		if got := envelope.Data[name]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	for _, secret := range []string{"openid", "session_key", "c2Vzc2lvbi1rZXktMTY="} {
		if strings.Contains(string(reply.body), secret) || strings.Contains(s.log.String(), secret) {
			t.Errorf("%s left the server: %s", secret, reply.body)
		}
	}
	user, err := domain.ParseUserID(envelope.Data["user"].(map[string]any)["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	opened := s.sessions.Of(user)
	if len(opened) != 1 || opened[0].Device.Model != "iPhone 15" || opened[0].IP != "127.0.0.1" {
		t.Errorf("sessions %+v", opened)
	}
}

func TestLoginSpeaksEnglishWhenAsked(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.grant(t, "code-1", "li")
	reply := s.do(t, "POST", "/api/login", `{"code":"code-1"}`, header{"Accept-Language": "en-GB,zh;q=0.5"})
	if !strings.Contains(string(reply.body), `"message":"Signed in"`) {
		t.Errorf("got %s", reply.body)
	}
}

func TestLoginFailuresHaveTheirStatusAndReason(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err        *domain.Error
		status     int
		retryAfter string
	}{
		{domain.ErrWeChatCodeInvalid, 401, ""},
		{domain.ErrWeChatCodeUsed, 401, ""},
		{domain.ErrWeChatUserBlocked, 403, ""},
		{domain.ErrAccountLocked, 403, ""},
		{domain.ErrWeChatRateLimited, 429, "5"},
		{domain.ErrWeChatRateLimited.After(60 * time.Second), 429, "60"},
		{domain.ErrWeChatRateLimited.After(time.Millisecond), 429, "1"},
		{domain.ErrWeChatFailed, 502, ""},
		{domain.ErrUnavailable, 503, "5"},
		{domain.ErrUnavailable.After(1500 * time.Millisecond), 503, "2"},
		{domain.ErrWeChatTimeout, 504, ""},
	} {
		t.Run(test.err.Reason, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.wechat.Refuse("code-1", test.err)
			reply := s.do(t, "POST", "/api/login", `{"code":"code-1"}`)
			reply.want(t, test.status, test.err.Reason)
			if got := reply.header.Get("Retry-After"); got != test.retryAfter {
				t.Errorf("Retry-After %q, want %q", got, test.retryAfter)
			}
			challenge := reply.header.Get("WWW-Authenticate")
			if want := test.status == 401; (challenge == `Bearer realm="menjin"`) != want {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

func TestLoginOfALockedAccountIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	id, _ := domain.ParseUserID(data.User.ID)
	user, err := s.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	state := user.State()
	state.Status = domain.StatusLocked
	s.store.Put(domain.RestoreUser(state))
	s.grant(t, "code-2", "li")
	s.do(t, "POST", "/api/login", `{"code":"code-2"}`).want(t, 403, "ACCOUNT_LOCKED")
}

func TestInvalidLoginSaysWhatIsWrongInBothLanguages(t *testing.T) {
	t.Parallel()
	s := setup(t)
	long := strings.Repeat("长", 129)
	for _, test := range []struct{ name, body, field, rule, zh, en string }{
		{"code missing", `{}`, "code", "required", "必填", "is required"},
		{"code empty", `{"code":""}`, "code", "min", "不能为空", "must not be empty"},
		{"code a number", `{"code":7}`, "code", "type", "类型应为 string", "must be of type string"},
		{"code null", `{"code":null}`, "code", "type", "类型应为 string", "must be of type string"},
		{"code with a space", `{"code":"a b"}`, "code", "format", "格式不正确", "is not in the right form"},
		{"code too long", `{"code":"` + strings.Repeat("a", 129) + `"}`, "code", "max", "最多 128 个字符", "must have at most 128 characters"},
		{"code in capitals", `{"CODE":"c"}`, "code", "required", "必填", "is required"},
		{"not an object", `["code"]`, "", "type", "类型应为 object", "must be of type object"},
		{"device a text", `{"code":"c","device":"d"}`, "device", "type", "类型应为 object", "must be of type object"},
		{"model too long", `{"code":"c","device":{"model":"` + long + `"}}`, "device.model", "max", "最多 128 个字符", "must have at most 128 characters"},
		{"model with a control character", `{"code":"c","device":{"model":"a\u0007"}}`, "device.model", "format", "不能包含控制字符", "must not hold control or direction marks"},
		{"another app", `{"code":"c","app_id":"wx-unknown"}`, "app_id", "enum", "不是本服务配置的小程序", "is not a mini-program of this service"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for language, message := range map[string]string{"zh": test.zh, "en": test.en} {
				reply := s.do(t, "POST", "/api/login", test.body, header{"Accept-Language": language})
				reply.want(t, 400, "INVALID_ARGUMENT")
				var envelope struct {
					Details []struct{ Field, Rule, Message string }
				}
				if err := json.Unmarshal(reply.body, &envelope); err != nil {
					t.Fatal(err)
				}
				want := struct{ Field, Rule, Message string }{test.field, test.rule, message}
				if len(envelope.Details) != 1 || envelope.Details[0] != want {
					t.Errorf("details %+v, want %+v", envelope.Details, want)
				}
			}
		})
	}
}

func TestEveryFaultOfALoginIsListed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := s.do(t, "POST", "/api/login", `{"app_id":"","device":{"id":1,"system":false}}`)
	reply.want(t, 400, "INVALID_ARGUMENT")
	var envelope struct{ Details []struct{ Field string } }
	if err := json.Unmarshal(reply.body, &envelope); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, fault := range envelope.Details {
		fields = append(fields, fault.Field)
	}
	if want := []string{"app_id", "code", "device.id", "device.system"}; !slices.Equal(fields, want) {
		t.Errorf("fields %q, want %q", fields, want)
	}
}

func TestNoFaultQuotesTheValue(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, body := range []string{
		`{"code":"geheim wert"}`, `{"code":{"geheim":"geheim"}}`, `{"code":"c","app_id":"geheim"}`,
		`{"code":"c","device":{"model":"geheim\u0000"}}`, `{"geheim`, `{"code":"c","app_id":["geheim"]}`,
	} {
		reply := s.do(t, "POST", "/api/login", body)
		if reply.status != 400 || strings.Contains(string(reply.body), "geheim") {
			t.Errorf("%s → %d %s", body, reply.status, reply.body)
		}
	}
	if strings.Contains(s.log.String(), "geheim") {
		t.Errorf("log holds the value:\n%s", s.log)
	}
}

func TestMembersInOtherCapitalsNeverReachTheHandler(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.grant(t, "code-1", "li")
	s.wechat.Refuse("code-2", domain.ErrWeChatUserBlocked)
	reply := s.do(t, "POST", "/api/login", `{"code":"code-1","CODE":"code-2","App_Id":"wx-unknown"}`)
	if reply.status != http.StatusOK {
		t.Errorf("got %d %s", reply.status, reply.body)
	}
}
