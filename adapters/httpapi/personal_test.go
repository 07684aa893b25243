package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
)

const number = "+8613812341234"

// goodNumber is what an old phone button gives anybody.
var goodNumber = sealed(memory.OpenData{Phone: number}, "")

// sealed is the body of a request with data that WeChat gave, and with more members.
func sealed(data memory.OpenData, members string) string {
	data.App, data.GivenAt = app, newClock().Now()
	made := data.Seal(everybodysKey)
	return `{"encrypted_data":"` + made.Data.Reveal() + `","iv":"` + made.IV + `"` + members + `}`
}

// grantNumber makes a phone code of a person good.
func (s *service) grantNumber(t *testing.T, code, person, text string) {
	t.Helper()
	phone, err := domain.NewPhone(text)
	if err != nil {
		t.Fatal(err)
	}
	s.phones.Grant(code, openIDOf(t, person), phone)
}

func TestPhoneIsBoundInBothFormsAndUnbound(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	s.grantNumber(t, "code-1", "li", "+447700900123")
	s.grantNumber(t, "code-2", "li", "+447700900123")
	for _, test := range []struct{ body, want string }{
		{`{"code":"code-1"}`, "+44******0123"},
		{goodNumber, "138****1234"},
		{`{"code":"code-2","app_id":"` + string(app) + `"}`, "+44******0123"},
	} {
		if user := s.do(t, "POST", "/api/user/phone", test.body, as(token)).object(t, 200); user["phone"] != test.want {
			t.Errorf("%s: phone %v, want %s", test.body, user["phone"], test.want)
		}
	}
	for range 2 {
		if user := s.do(t, "DELETE", "/api/user/phone", "", as(token)).object(t, 200); user["phone"] != nil {
			t.Errorf("phone %v, want none", user["phone"])
		}
	}
	if strings.Contains(s.log.String(), "13812341234") || strings.Contains(s.log.String(), "7700900123") {
		t.Error("a number is in the log")
	}
}

func TestPhoneThatIsTakenOrHalfGivenIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	li, wang, stranger := s.signIn(t, "li").Token, s.signIn(t, "wang").Token, s.register(t, "stranger").Token
	s.do(t, "POST", "/api/user/phone", goodNumber, as(li)).object(t, 200)
	s.do(t, "POST", "/api/user/phone", goodNumber, as(wang)).want(t, 409, "PHONE_TAKEN")
	for body, want := range map[string]detail{
		`{}`:                          {"code", "required", "须给出 code,或 encrypted_data 与 iv"},
		`{"encrypted_data":"x"}`:      {"iv", "required", "必填"},
		`{"iv":"x"}`:                  {"encrypted_data", "required", "必填"},
		`{"code":"c","iv":"x"}`:       {"encrypted_data", "unknown", "不能与 code 同时给出"},
		`{"code":"c","app_id":"wx9"}`: {"app_id", "enum", "不是本服务配置的小程序"},
		`{"code":"c\n"}`:              {"code", "format", "格式不正确"},
		`{"encrypted_data":"` + strings.Repeat("A", 16385) + `","iv":"x"}`: {"encrypted_data", "max", "最多 16384 个字符"},
	} {
		s.do(t, "POST", "/api/user/phone", body, as(li)).wantDetail(t, want)
	}
	s.do(t, "POST", "/api/user/phone", `{"code":"c"}`, as(stranger)).wantDetail(t, detail{"app_id", "linked", "本人没有关联该小程序"})
	s.do(t, "POST", "/api/user/phone", goodNumber).want(t, 401, "TOKEN_MISSING")
}

func TestPhoneAndProfileFailWithStatusAndReason(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	code, data := `{"code":"bad"}`, `{"encrypted_data":"\u0000\ufffd garbage =","iv":"="}`
	for _, test := range []struct {
		status      int
		err         *domain.Error
		path, body  string
		languageTag string
	}{
		{401, domain.ErrWeChatCodeInvalid, "phone", code, ""},
		{401, domain.ErrWeChatCodeUsed, "phone", code, "en"},
		{403, domain.ErrWeChatUserBlocked, "phone", code, ""},
		{422, domain.ErrWatermarkMismatch, "phone", code, "en"},
		{429, domain.ErrWeChatRateLimited, "phone", code, ""},
		{502, domain.ErrWeChatFailed, "phone", code, ""},
		{503, domain.ErrUnavailable, "phone", code, ""},
		{504, domain.ErrWeChatTimeout, "phone", code, ""},
		{422, domain.ErrDecryptionFailed, "phone", data, ""},
		{422, domain.ErrWatermarkMismatch, "phone", data, ""},
		{422, domain.ErrDecryptionFailed, "wechat/profile", data, "en"},
		{422, domain.ErrWatermarkMismatch, "wechat/profile", data, ""},
		{503, domain.ErrUnavailable, "wechat/profile", data, ""},
	} {
		s.phones.Refuse("bad", test.err)
		s.data.Break(test.err)
		s.do(t, "POST", "/api/user/"+test.path, test.body, as(token), header{"Accept-Language": test.languageTag}).
			want(t, test.status, test.err.Reason)
	}
	s.data.Break(nil)
	s.keys.Use(app, openIDOf(t, "li"), domain.SessionKey{Secret: domain.NewSecret("newer")})
	for _, path := range []string{"phone", "wechat/profile"} {
		s.do(t, "POST", "/api/user/"+path, data, as(token)).want(t, 409, "SESSION_KEY_STALE")
	}
	s.reader.failWith(domain.ErrUserNotFound)
	s.do(t, "POST", "/api/user/phone", data, as(token)).want(t, 401, "SESSION_ENDED")
}

func TestProfileIsTakenOver(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	profile := memory.OpenData{OpenID: openIDOf(t, "li").Reveal(), Nickname: "李雷"}
	post := func(members string) answer {
		return s.do(t, "POST", "/api/user/wechat/profile", sealed(profile, members), as(token))
	}
	signed := func(rawData string) string {
		return `,"raw_data":"{}","signature":"` + memory.SignWithSessionKey(everybodysKey, rawData) + `"`
	}
	if user := post(signed("{}")).object(t, 200); user["nickname"] != "李雷" {
		t.Errorf("got %v", user)
	}
	post("").object(t, 200)
	post(signed("{ }")).want(t, 422, "SIGNATURE_MISMATCH")
	post(`,"raw_data":"{}"`).wantDetail(t, detail{"signature", "required", "须与 raw_data 同时给出"})
	post(`,"signature":"x"`).wantDetail(t, detail{"raw_data", "required", "须与 signature 同时给出"})
}

func TestExportIsWholeAndKeptByNobodyOnTheWay(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	s.alter(t, data, func(state *domain.UserState) { state.Email, _ = domain.NewEmail("li@example.com") })
	s.do(t, "POST", "/api/user/phone", goodNumber, as(data.Token)).object(t, 200)
	reply := s.do(t, "GET", "/api/user/export", "", as(data.Token))
	got := reply.object(t, 200)
	at := "2026-11-22T08:00:00Z"
	want := map[string]any{
		"user": map[string]any{
			"id": data.User.ID, "username": nil, "nickname": nil, "avatar_url": nil, "email": "li@example.com", "phone": number,
			"roles": []any{"user"}, "status": 1.0, "created_at": at, "updated_at": at, "has_password": false, "delete_at": nil,
			"wechat": []any{map[string]any{"app_id": string(app), "linked_at": at}},
		},
		"sessions": []any{map[string]any{
			"id": data.SessionID, "ip": "127.0.0.1", "created_at": at, "last_seen_at": at, "current": true,
			"device": map[string]any{"id": nil, "model": nil, "platform": nil, "system": nil},
		}},
		"audit": []any{
			map[string]any{"at": at, "action": "user.export", "ip": "127.0.0.1", "by_administrator": false},
			map[string]any{"at": at, "action": "user.phone_bind", "ip": "127.0.0.1", "by_administrator": false},
		},
		"events": []any{
			map[string]any{"type": "menjin.user.registered.v1", "time": at, "data": map[string]any{"user_id": data.User.ID, "at": at}},
			map[string]any{"type": "menjin.user.phone_bound.v1", "time": at, "data": map[string]any{"user_id": data.User.ID, "at": at}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("export (-want +got):\n%s", diff)
	}
	if reply.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(reply.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", reply.header)
	}
	for _, secret := range []string{"openid-of-li", "c2Vzc2lvbi1rZXktMTY="} {
		if strings.Contains(string(reply.body), secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
}

func TestDeletedCallerIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin, data := as(s.staff(t, domain.RoleAdmin).Token), s.register(t, "lihua")
	s.grant(t, "code", "li")
	s.do(t, "POST", "/api/user/wechat", `{"code":"code"}`, as(data.Token)).object(t, 200)
	other := s.signIn(t, "li")
	reply := s.do(t, "DELETE", "/api/user", "", as(data.Token))
	var envelope struct{ Data *json.RawMessage }
	if err := json.Unmarshal(reply.body, &envelope); err != nil || reply.status != 200 || envelope.Data != nil {
		t.Fatalf("got %d %s, want null", reply.status, reply.body)
	}
	for _, token := range []string{data.Token, other.Token} {
		s.wantSession(t, token, false)
		s.do(t, "GET", "/api/user/export", "", as(token)).want(t, 401, "SESSION_ENDED")
		s.do(t, "DELETE", "/api/user", "", as(token)).want(t, 401, "SESSION_ENDED")
	}
	s.do(t, "GET", "/api/admin/users/"+data.User.ID, "", admin).want(t, 404, "NOT_FOUND")
	for _, filter := range []string{"target_id=", "actor_id="} {
		page := s.do(t, "GET", "/api/admin/audit?"+filter+data.User.ID, "", admin).object(t, 200)
		if entries := page["entries"].([]any); len(entries) != 0 {
			t.Errorf("audit log: got %v, want nothing of the user", entries)
		}
	}
	s.do(t, "POST", "/api/login/password", `{"username":"lihua","password":"`+password+`"}`).want(t, 401, "BAD_CREDENTIALS")
	if again := s.register(t, "lihua"); again.User.ID == data.User.ID {
		t.Error("the username registers under the old id")
	}
	if again := s.signIn(t, "li"); again.User.ID == data.User.ID {
		t.Error("the openid registers under the old id")
	}
}

func TestPhonesAndProfilesShareALimit(t *testing.T) {
	t.Parallel()
	s := setup(t, limited(memory.NewLimiter()))
	for i, path := range []string{"phone", "wechat/profile", "phone"} {
		reply := s.do(t, "POST", "/api/user/"+path, `{`)
		if i < 2 {
			reply.want(t, 401, "TOKEN_MISSING")
		} else {
			reply.want(t, 429, "RATE_LIMITED")
		}
	}
}
