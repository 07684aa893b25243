package nginx_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

var (
	alice = http.Header{
		"X-User-Id": {"0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192"}, "X-Session-Id": {"0193a5b0-7c1f-7e00-8a1b-2c3d4e5f6071"},
		"X-User-Roles": {"support,user"},
	}
	withToken = http.Header{"Authorization": {"Bearer good"}}
)

func TestLiveSessionReachesTheServiceWithItsIdentity(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE"} {
		got := g.send(t, method, "/orders?page=2", withToken, "body of "+method)
		if got.status != http.StatusOK {
			t.Fatalf("%s: got %d %s, want 200", method, got.status, got.body)
		}
		_, reached := g.last(&g.reached)
		body, _ := io.ReadAll(reached.Body)
		if reached.Method != method || reached.RequestURI != "/orders?page=2" || string(body) != "body of "+method {
			t.Errorf("service got %s %s %q, want the request as it was", reached.Method, reached.RequestURI, body)
		}
		for name := range alice {
			if got, want := strings.Join(reached.Header[name], "|"), alice.Get(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", method, name, got, want)
			}
		}
	}
}

func TestForgedIdentityNeverReachesAService(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	g.open("nameless", http.Header{"X-User-Id": alice["X-User-Id"]})
	forged := http.Header{"Connection": {"X-User-Id, X-User-Roles"}}
	for _, name := range []string{"X-User-Id", "X-Session-Id", "X-User-Roles", "x-user-roles", "X_User_Id", "X-User_Roles"} {
		forged[name] = []string{"forged", "forged"}
	}
	for path, token := range map[string]string{"/orders": "good", "/other": "nameless", "/public/news": "good", "/public/": ""} {
		header := forged.Clone()
		header.Set("Authorization", "Bearer "+token)
		if got := g.send(t, "GET", path, header, ""); got.status != http.StatusOK {
			t.Fatalf("%s: got %d %s, want 200", path, got.status, got.body)
		}
		_, reached := g.last(&g.reached)
		for name, values := range reached.Header {
			if strings.Contains(strings.Join(values, ","), "forged") {
				t.Errorf("%s: service got %s: %q", path, name, values)
			}
		}
	}
	if got := g.send(t, "GET", "/api/hello", forged, ""); got.body != "menjin /api/hello " {
		t.Errorf("Menjin's API: got %d %q, want it open, and nobody's claim passed on", got.status, got.body)
	}
}

func TestRefusalComesFromMenjin(t *testing.T) {
	t.Parallel()
	g := open(t)
	for what, header := range map[string]http.Header{"no token": {}, "dead token": {"Authorization": {"Bearer dead"}}} {
		got := g.send(t, "POST", "/orders", header, strings.Repeat("x", 100_000))
		if got.status != http.StatusUnauthorized || got.body != envelope {
			t.Errorf("%s: got %d %s, want 401 %s", what, got.status, got.body, envelope)
		}
		if values := got.header["Www-Authenticate"]; len(values) != 1 || !strings.HasPrefix(values[0], "Bearer ") {
			t.Errorf("%s: WWW-Authenticate: got %q, want Menjin's once", what, values)
		}
		if kind := got.header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s: content type: got %q", what, kind)
		}
	}
	if got := g.send(t, "GET", "/public/../orders", nil, ""); got.status != http.StatusUnauthorized {
		t.Errorf("way around through a public path: got %d, want 401", got.status)
	}
	g.set(func() { g.answer = http.StatusForbidden })
	if got := g.send(t, "GET", "/orders", withToken, ""); got.status != http.StatusForbidden {
		t.Errorf("locked account: got %d, want 403", got.status)
	}
	if count, _ := g.last(&g.reached); count != 0 {
		t.Errorf("service got %d requests, want none", count)
	}
}

func TestEndOfASessionCountsAtOnce(t *testing.T) {
	t.Parallel()
	g := open(t)
	for range 3 {
		g.open("good", alice)
		if got := g.send(t, "GET", "/orders", withToken, ""); got.status != http.StatusOK {
			t.Fatalf("live session: got %d, want 200", got.status)
		}
		g.set(func() { delete(g.live, "good") })
		if got := g.send(t, "GET", "/orders", withToken, ""); got.status != http.StatusUnauthorized {
			t.Fatalf("ended session: got %d, want 401", got.status)
		}
	}
}

func TestNobodyIsLetInWhileMenjinCannotTell(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	for _, status := range []int{302, 404, 429, 500, 503} {
		g.set(func() { g.answer = status })
		wantUnavailable(t, g)
	}
	g.menjin.Close()
	wantUnavailable(t, g)
	if count, _ := g.last(&g.reached); count != 0 {
		t.Errorf("service got %d requests, want none", count)
	}
	if got := g.send(t, "GET", "/public/news", nil, ""); got.status != http.StatusOK {
		t.Errorf("public path: got %d, want 200", got.status)
	}
}

func wantUnavailable(t *testing.T, g *gate) {
	t.Helper()
	got := g.send(t, "GET", "/orders", withToken, "")
	var body struct {
		Code   int    `json:"code"`
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Errorf("got %d %s, want an envelope: %v", got.status, got.body, err)
	}
	if got.status != http.StatusServiceUnavailable || body.Code != got.status || body.Reason != "DEPENDENCY_UNAVAILABLE" {
		t.Errorf("got %d %s, want 503 DEPENDENCY_UNAVAILABLE", got.status, got.body)
	}
	if got.header.Get("Retry-After") == "" {
		t.Error("got no Retry-After")
	}
}

func TestMenjinIsToldTheTokenAndTheAddressAlone(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	header := withToken.Clone()
	header.Set("X-Forwarded-For", "203.0.113.9")
	header.Set("X-Real-IP", "203.0.113.9")
	header.Set("Cookie", "secret=1")
	g.send(t, "POST", "/orders?secret=1", header, "secret")
	_, asked := g.last(&g.asked)
	body, _ := io.ReadAll(asked.Body)
	if asked.Method != "GET" || asked.RequestURI != "/api/auth/check" || len(body) != 0 {
		t.Errorf("question: got %s %s with body %q, want GET /api/auth/check without", asked.Method, asked.RequestURI, body)
	}
	_, reached := g.last(&g.reached)
	for who, request := range map[string]*http.Request{"Menjin": asked, "service": reached} {
		if got := request.Header["X-Forwarded-For"]; len(got) != 1 || got[0] != "127.0.0.1" {
			t.Errorf("%s: X-Forwarded-For: got %q, want the real address alone", who, got)
		}
	}
	if got := reached.Header.Get("X-Real-Ip"); got != "127.0.0.1" {
		t.Errorf("X-Real-IP: got %q, want the real address", got)
	}
	if asked.Header.Get("Cookie") != "" || asked.Header.Get("Authorization") != "Bearer good" {
		t.Errorf("question: got headers %v, want the token and no cookie", asked.Header)
	}
	if id := asked.Header.Get("X-Request-Id"); id == "" || id != reached.Header.Get("X-Request-Id") {
		t.Errorf("request ids: Menjin got %q and the service %q, want one for both", id, reached.Header.Get("X-Request-Id"))
	}
}

func TestServicesOwnErrorsPass(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	for _, status := range []int{401, 403, 500} {
		path := "/orders?status=" + map[int]string{401: "401", 403: "403", 500: "500"}[status]
		if got := g.send(t, "GET", path, withToken, ""); got.status != status || got.body != "app" {
			t.Errorf("got %d %s, want the service's %d", got.status, got.body, status)
		}
	}
}

func TestQuestionsCannotBeAskedFromOutside(t *testing.T) {
	t.Parallel()
	g := open(t)
	for _, path := range []string{"/_menjin/check", "/_menjin/refused", "/_menjin/unavailable"} {
		if got := g.send(t, "GET", path, withToken, ""); got.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got.status)
		}
	}
}
