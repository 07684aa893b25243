package httpapi_test

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestWeChatIsLinkedAndUnlinked(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.register(t, "lihua").Token
	for _, code := range []string{"code-1", "code-2"} {
		s.grant(t, code, "li")
		user := s.do(t, "POST", "/api/user/wechat", `{"code":"`+code+`","app_id":"`+string(app)+`"}`, as(token)).object(t, 200)
		if linked := user["wechat"].([]any); len(linked) != 1 || linked[0].(map[string]any)["app_id"] != string(app) {
			t.Errorf("linked %v", linked)
		}
	}
	user := s.do(t, "DELETE", "/api/user/wechat/"+string(app), "", as(token)).object(t, 200)
	if linked := user["wechat"].([]any); len(linked) != 0 {
		t.Errorf("linked %v", linked)
	}
	for _, unknown := range []string{string(app), "wx-unknown", "%00", "..%2f..", "%E5%BE%AE"} {
		s.do(t, "DELETE", "/api/user/wechat/"+unknown, "", as(token)).want(t, 404, "NOT_FOUND")
	}
}

func TestLastWayToSignInStays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.signIn(t, "li").Token
	s.do(t, "DELETE", "/api/user/wechat/"+string(app), "", as(token)).want(t, 409, "LAST_CREDENTIAL")
	if linked := s.userInfo(t, token)["wechat"].([]any); len(linked) != 1 {
		t.Errorf("linked %v", linked)
	}
}

func TestLinkingFailsWithStatusAndReason(t *testing.T) {
	t.Parallel()
	s := setup(t)
	token := s.register(t, "lihua").Token
	s.signIn(t, "wang")
	s.grant(t, "code-of-wang", "wang")
	s.do(t, "POST", "/api/user/wechat", `{"code":"code-of-wang"}`, as(token)).want(t, 409, "WECHAT_TAKEN")
	s.do(t, "POST", "/api/user/wechat", `{"code":"c","app_id":"wx-unknown"}`, as(token)).
		wantDetail(t, detail{"app_id", "enum", "不是本服务配置的小程序"})
	for status, errs := range map[int][]*domain.Error{
		401: {domain.ErrWeChatCodeInvalid, domain.ErrWeChatCodeUsed}, 403: {domain.ErrWeChatUserBlocked},
		429: {domain.ErrWeChatRateLimited}, 502: {domain.ErrWeChatFailed}, 503: {domain.ErrUnavailable}, 504: {domain.ErrWeChatTimeout},
	} {
		for _, err := range errs {
			s.wechat.Refuse("code-"+err.Reason, err)
			reply := s.do(t, "POST", "/api/user/wechat", `{"code":"code-`+err.Reason+`"}`, as(token))
			reply.want(t, status, err.Reason)
			if status == 401 && reply.header.Get("WWW-Authenticate") != `Bearer realm="menjin"` {
				t.Errorf("%s blames the token: %v", err.Reason, reply.header)
			}
		}
	}
}

func TestMergeKeepsTheOlderAccountAndSignsBothOut(t *testing.T) {
	t.Parallel()
	s := setup(t)
	older := s.register(t, "lihua")
	s.clock.Advance(time.Minute)
	newer := s.signIn(t, "li")
	user := s.do(t, "POST", "/api/user/merge", `{"token":"`+older.Token+`"}`, as(newer.Token)).object(t, 200)
	if user["id"] != older.User.ID || user["username"] != "lihua" || len(user["wechat"].([]any)) != 1 {
		t.Errorf("got %v", user)
	}
	s.wantSession(t, older.Token, false)
	s.wantSession(t, newer.Token, false)
	if again := s.signIn(t, "li"); again.User.ID != older.User.ID {
		t.Errorf("WeChat signs in %s, want %s", again.User.ID, older.User.ID)
	}
}

func TestMergeWantsALiveTokenOfAnotherAccount(t *testing.T) {
	t.Parallel()
	s := setup(t)
	li, tablet, wang := s.signIn(t, "li"), s.signIn(t, "li"), s.signIn(t, "wang")
	merge := func(token string) answer {
		return s.do(t, "POST", "/api/user/merge", `{"token":"`+token+`"}`, as(li.Token))
	}
	refused := detail{"token", "format", "不是有效会话的访问令牌"}
	merge("a.b.c").wantDetail(t, refused)
	merge("Bearer "+wang.Token).wantDetail(t, refused)
	merge(wang.RefreshToken).wantDetail(t, refused)
	for _, own := range []string{li.Token, tablet.Token} {
		merge(own).wantDetail(t, detail{"token", "same", "属于同一个账号"})
	}
	s.alter(t, wang, func(state *domain.UserState) { state.Status = domain.StatusLocked })
	merge(wang.Token).want(t, 403, "ACCOUNT_LOCKED")
	s.do(t, "POST", "/api/logout", "", as(wang.Token))
	merge(wang.Token).wantDetail(t, refused)
	s.wantSession(t, li.Token, true)
}
