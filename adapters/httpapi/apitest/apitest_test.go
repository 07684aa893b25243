package apitest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const sound = `{"code":200,"message":"操作成功","data":{"message":"你好","time":"2026-11-22T08:00:00Z"},"request_id":"r"}`

// reply is a response of GET /api/hello unless changed.
func reply(status int, body string, change func(http.Header)) *http.Response {
	header := http.Header{
		"X-Request-Id": {"r"}, "X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"}, "Content-Type": {"application/json"},
	}
	if change != nil {
		change(header)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

func TestBreachesOfTheContractAreFound(t *testing.T) {
	t.Parallel()
	keep := func(http.Header) {}
	without := func(name string) func(http.Header) { return func(h http.Header) { h.Del(name) } }
	const unauthenticated = `{"code":401,"message":"请先登录","reason":"TOKEN_MISSING","data":null,"request_id":"r"}`
	for _, test := range []struct {
		name, method, path string
		status             int
		body               string
		change             func(http.Header)
		sound              bool
	}{
		{"sound", "GET", "/api/hello", 200, sound, keep, true},
		{"status not in the contract", "GET", "/api/hello", 201, strings.Replace(sound, "200", "201", 1), keep, false},
		{"status not in the contract, HEAD", "HEAD", "/api/hello", 201, "", keep, false},
		{"another code than the status", "GET", "/api/hello", 200, strings.Replace(sound, "200", "201", 1), keep, false},
		{"member too many", "GET", "/api/hello", 200, strings.Replace(sound, `"code"`, `"openid":"o","code"`, 1), keep, false},
		{"member missing", "GET", "/api/hello", 200, strings.Replace(sound, `"message":"操作成功",`, "", 1), keep, false},
		{"no JSON", "GET", "/api/hello", 200, "hello", keep, false},
		{"another request id", "GET", "/api/hello", 200, strings.Replace(sound, `"r"`, `"s"`, 1), keep, false},
		{"no request id", "GET", "/api/hello", 200, sound, without("X-Request-Id"), false},
		{"may be cached", "GET", "/api/hello", 200, sound, without("Cache-Control"), false},
		{"another type", "GET", "/api/hello", 200, sound, func(h http.Header) { h.Set("Content-Type", "text/plain") }, false},
		{"challenge missing", "GET", "/api/user/info", 401, unauthenticated, keep, false},
		{"challenge there", "GET", "/api/user/info", 401, unauthenticated, func(h http.Header) { h.Set("WWW-Authenticate", `Bearer realm="menjin"`) }, true},
		{"reason of another status", "GET", "/api/unknown", 404, strings.Replace(unauthenticated, "401", "404", 1), keep, false},
		{"success at an unknown address", "GET", "/api/unknown", 200, sound, keep, false},
		{"headers of the check missing", "GET", "/api/auth/check", 204, "", keep, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil)
			response := reply(test.status, test.body, test.change)
			if err := validate(load(t), request, response, []byte(test.body)); (err == nil) != test.sound {
				t.Errorf("got %v, want sound = %t", err, test.sound)
			}
		})
	}
}
