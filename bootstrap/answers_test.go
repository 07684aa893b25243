package bootstrap_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

const weChatTimeout = 2 * time.Second

// weChatCase is what WeChat does to one login and what becomes of it.
type weChatCase struct {
	name   string
	fault  wechatsandbox.Fault
	status int
	reason string
	calls  uint64 // how often WeChat is asked; 0 means once
}

func errcodeCases() []weChatCase {
	var cases []weChatCase
	add := func(status int, reason string, errcodes ...int) {
		for _, errcode := range errcodes {
			cases = append(cases, weChatCase{
				name:   fmt.Sprintf("errcode %d", errcode),
				fault:  wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: errcode},
				status: status, reason: reason,
			})
		}
	}
	add(http.StatusUnauthorized, "WECHAT_CODE_INVALID", 40029)
	add(http.StatusUnauthorized, "WECHAT_CODE_USED", 40163)
	add(http.StatusForbidden, "WECHAT_USER_BLOCKED", 40226)
	add(http.StatusTooManyRequests, "WECHAT_RATE_LIMITED", 45011, 45009)
	add(http.StatusBadGateway, "WECHAT_ERROR",
		40013, 40125, 41002, 41004, 41008, 40002, 40066, 48004, 50002, 40164, 99999)
	busy := wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1}
	cases = append(cases, weChatCase{name: "errcode -1 once", fault: busy, status: http.StatusOK, calls: 2})
	busy.Times = 2
	return append(cases, weChatCase{
		name: "errcode -1 twice", fault: busy, status: http.StatusServiceUnavailable, reason: "DEPENDENCY_UNAVAILABLE", calls: 2,
	})
}

func brokenCases() []weChatCase {
	const failed, timeout = "WECHAT_ERROR", "WECHAT_TIMEOUT"
	return []weChatCase{
		{"hang", wechatsandbox.Fault{Kind: wechatsandbox.FaultHang}, http.StatusGatewayTimeout, timeout, 0},
		{"drips for longer than the timeout", wechatsandbox.Fault{Kind: wechatsandbox.FaultSlowBody, Delay: 3 * weChatTimeout}, http.StatusGatewayTimeout, timeout, 0},
		{"slow within the timeout", wechatsandbox.Fault{Kind: wechatsandbox.FaultDelay, Delay: weChatTimeout / 10}, http.StatusOK, "", 0},
		{"reset", wechatsandbox.Fault{Kind: wechatsandbox.FaultReset}, http.StatusBadGateway, failed, 0},
		{"reset with the code spent", wechatsandbox.Fault{Kind: wechatsandbox.FaultReset, After: true}, http.StatusBadGateway, failed, 0},
		{"HTTP 503", wechatsandbox.Fault{Kind: wechatsandbox.FaultStatus}, http.StatusBadGateway, failed, 0},
		{"HTML page with 502", wechatsandbox.Fault{Kind: wechatsandbox.FaultBadGateway}, http.StatusBadGateway, failed, 0},
		{"JSON breaks off", wechatsandbox.Fault{Kind: wechatsandbox.FaultBrokenJSON}, http.StatusBadGateway, failed, 0},
		{"body breaks off", wechatsandbox.Fault{Kind: wechatsandbox.FaultTruncatedBody}, http.StatusBadGateway, failed, 0},
		{"body of 10 MiB", wechatsandbox.Fault{Kind: wechatsandbox.FaultHugeBody}, http.StatusBadGateway, failed, 0},
		{"byte order mark", wechatsandbox.Fault{Kind: wechatsandbox.FaultBOM}, http.StatusOK, "", 0},
		{"no openid", wechatsandbox.Fault{Kind: wechatsandbox.FaultEmptyOpenID}, http.StatusBadGateway, failed, 0},
		{"short session_key", wechatsandbox.Fault{Kind: wechatsandbox.FaultShortSessionKey}, http.StatusBadGateway, failed, 0},
		{"errcode 0", wechatsandbox.Fault{Kind: wechatsandbox.FaultWithErrcode}, http.StatusOK, "", 0},
		{"no errcode", wechatsandbox.Fault{Kind: wechatsandbox.FaultWithoutErrcode}, http.StatusOK, "", 0},
	}
}

func TestEveryAnswerOfWeChatHasItsOwn(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()).with(settings{"wechat.timeout": weChatTimeout.String()}))
	passed := secrets{"app secret": testAppSecret}
	for i, c := range append(errcodeCases(), brokenCases()...) {
		person := fmt.Sprintf("person-%d", i)
		code, before := w.code(person), w.Counters().Received
		w.play(c.fault)
		r := p.call(http.MethodPost, "/api/login", "", map[string]string{"code": code})
		if r.Status != c.status || r.Reason != c.reason {
			t.Errorf("%s: got %s, want %d %s", c.name, r, c.status, c.reason)
		}
		if got, want := w.Counters().Received-before, max(c.calls, 1); got != want {
			t.Errorf("%s: WeChat was asked %d times, want %d", c.name, got, want)
		}
		if limit := weChatTimeout + busyMachine; r.Took > limit {
			t.Errorf("%s: answered after %s, want at most %s", c.name, r.Took, limit)
		}
		passed["code in case "+c.name] = code
		passed["openid in case "+c.name] = w.OpenID("", person)
		passed["unionid in case "+c.name] = w.UnionID(person)
		if found := passed.in(r.Body); len(found) > 0 {
			t.Errorf("%s: the answer holds %v", c.name, found)
		}
		w.ClearFaults()
		p.login(w.code(person)) // also keeps the breaker from opening, which would hide the next answer
	}
	for i, key := range w.sessionKeys() {
		passed[fmt.Sprintf("session_key %d", i)] = key
	}
	if found := passed.in([]byte(p.log.String())); len(found) > 0 {
		t.Errorf("the log holds %v", found)
	}
}

func TestPageInPlaceOfWeChatIsAnErrorOfWeChat(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()))
	for name, page := range map[string]string{
		"HTML": "<!DOCTYPE html><html><title>Sign in to Wi-Fi</title></html>", "nothing": "", "a list": `[1,2]`,
		"null": `null`, "no fields": `{}`, "openid as a number": `{"openid":1,"session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`,
	} {
		w.page.Store(&page)
		r := p.call(http.MethodPost, "/api/login", "", map[string]string{"code": w.code("alice")})
		if r.Status != http.StatusBadGateway || r.Reason != "WECHAT_ERROR" {
			t.Errorf("%s: got %s, want 502 WECHAT_ERROR", name, r)
		}
	}
	w.page.Store(nil)
	p.login(w.code("alice"))
}

func TestWeChatOutOfReachIsADependencyOutOfReach(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	p := start(t, local(t).with(settings{"wechat.base_url": "http://" + closed.Addr().String()}))
	p.expect(http.MethodPost, "/api/login", "", map[string]string{"code": "a-code"}, http.StatusServiceUnavailable, "DEPENDENCY_UNAVAILABLE")
}

func TestRateLimitOfWeChatSaysWhenToTryAgain(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	p := start(t, local(t).with(w.settings()))
	w.play(wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: 45011})
	r := p.expect(http.MethodPost, "/api/login", "", map[string]string{"code": w.code("alice")}, http.StatusTooManyRequests, "WECHAT_RATE_LIMITED")
	if got := r.Header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After: got %q, want 60", got)
	}
}
