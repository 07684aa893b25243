package nginx_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/nginxtest"
	"github.com/menjin-id/menjin/internal/testserver/tlstest"
)

// edge is nginx as shipped, TLS, redirect and log included; ports, certificate, upstreams and the log's place are the test's.
type edge struct {
	secure, plain string
	log           string // the file
	client        *http.Client
}

func openEdge(t *testing.T, menjin ...string) *edge {
	t.Helper()
	conf, pair := t.TempDir(), tlstest.SelfSigned(t, 30*24*time.Hour)
	if err := os.CopyFS(conf, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	pair.Write(t, conf)
	secure, plain := freePort(t), freePort(t)
	change(t, filepath.Join(conf, "menjin", "listen.conf"),
		"listen [::]:443 ssl http2 default_server;\n", "", "     443 ssl", " 127.0.0.1:"+secure+" ssl",
		"/etc/nginx/tls/menjin.crt", "tls.crt", "/etc/nginx/tls/menjin.key", "tls.key", "/var/log/nginx/access.log", accessLog(t, conf))
	change(t, filepath.Join(conf, "redirect.conf"),
		"    listen [::]:80 default_server;\n", "", "     80 default", " 127.0.0.1:"+plain+" default", "/var/www/acme", conf+"/acme")
	replicas := make([]string, len(menjin))
	for i, addr := range menjin {
		replicas[i] = "    server " + addr + " max_fails=1 fail_timeout=5s;\n"
	}
	change(t, filepath.Join(conf, "menjin", "upstreams.conf"), "    server 127.0.0.1:8080 max_fails=1 fail_timeout=5s;\n", strings.Join(replicas, ""))
	challenge := filepath.Join(conf, "acme", ".well-known", "acme-challenge")
	if err := os.MkdirAll(challenge, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(challenge, "token"), "token.thumbprint")
	if err := os.Chmod(filepath.Join(challenge, "token"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{conf, filepath.Dir(conf)} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(conf, "site.conf"), "include menjin.conf;\ninclude redirect.conf;\n")
	number, _ := strconv.Atoi(plain)
	nginxtest.Start(t, conf, "site.conf", number)
	e := &edge{
		secure: "https://127.0.0.1:" + secure, plain: "http://127.0.0.1:" + plain, log: filepath.Join(conf, "access.log"),
		client: tlstest.Client(t, pair),
	}
	e.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return e
}

// accessLog makes a file that the user nginx runs as may write to.
func accessLog(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "access.log")
	write(t, path, "")
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// change replaces texts in a file, all of which must be there: the rest is as shipped.
func change(t *testing.T, file string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			t.Fatalf("%s lacks %q", file, pairs[i])
		}
	}
	write(t, file, strings.NewReplacer(pairs...).Replace(string(text)))
}

func (e *edge) send(t *testing.T, method, url, body string, header http.Header) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	response, err := e.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(text)}
}

// wantEnvelope sees that an answer of nginx's own has all that one of Menjin's has.
func wantEnvelope(t *testing.T, what string, got reply, status int, reason, message string) {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatalf("%s: got %d %s, want an envelope: %v", what, got.status, got.body, err)
	}
	if got.status != status || body["code"] != float64(status) || body["reason"] != reason || body["message"] != message {
		t.Errorf("%s: got %d %s, want %d %s %s", what, got.status, got.body, status, reason, message)
	}
	if id := got.header.Get("X-Request-Id"); id == "" || body["request_id"] != id {
		t.Errorf("%s: X-Request-ID: got %q and %v in the envelope, want one", what, id, body["request_id"])
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Strict-Transport-Security": "max-age=31536000",
	} {
		if values := got.header[name]; len(values) != 1 || values[0] != want {
			t.Errorf("%s: %s: got %q, want %q", what, name, values, want)
		}
	}
}

// counting is a Menjin that answers all it is asked.
func counting(t *testing.T, requests *atomic.Int64) string {
	t.Helper()
	return address(serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Strict-Transport-Security", "max-age=1")
		_, _ = io.WriteString(w, r.URL.Path)
	}))
}

func TestEdgeSpeaksTLS13AndHTTP2AndSendsEverybodyThere(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	e := openEdge(t, counting(t, &requests))
	answer, err := e.client.Get(e.secure + "/api/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.TLS.Version != tls.VersionTLS13 || answer.ProtoMajor != 2 || answer.StatusCode != http.StatusOK {
		t.Errorf("got %s by TLS %x and %s, want 200 by TLS 1.3 and HTTP/2", answer.Status, answer.TLS.Version, answer.Proto)
	}
	if got := answer.Header["Strict-Transport-Security"]; len(got) != 1 || got[0] != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security: got %q, want a year, once", got)
	}
	for version, accepted := range map[uint16]bool{tls.VersionTLS13: true, tls.VersionTLS12: true, tls.VersionTLS11: false, tls.VersionTLS10: false} {
		//nolint:gosec // old versions are to be refused
		conn, err := tls.Dial("tcp", strings.TrimPrefix(e.secure, "https://"), &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if err == nil {
			_ = conn.Close()
		}
		if (err == nil) != accepted {
			t.Errorf("TLS %x: got %v, want it accepted %t", version, err, accepted)
		}
	}
	got := e.send(t, http.MethodPost, e.plain+"/api/login?a=1", "{}", nil)
	if want := "https://127.0.0.1/api/login?a=1"; got.status != http.StatusPermanentRedirect || got.header.Get("Location") != want {
		t.Errorf("plain HTTP: got %d to %s, want 308 to %s", got.status, got.header.Get("Location"), want)
	}
	if got := e.send(t, http.MethodGet, e.plain+"/.well-known/acme-challenge/token", "", nil); got.body != "token.thumbprint" {
		t.Errorf("what the authority asks for: got %d %s", got.status, got.body)
	}
	for _, path := range []string{"/metrics", "//metrics", "/%6detrics", "/api/../metrics"} {
		if got := e.send(t, http.MethodGet, e.secure+path, "", nil); got.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got.status)
		}
	}
	if got := e.send(t, http.MethodPost, e.secure+"/wechat/push/wx1", "<xml/>", nil); got.body != "/wechat/push/wx1" {
		t.Errorf("WeChat's push: got %d %s, want it passed on", got.status, got.body)
	}
	if got := requests.Load(); got != 2 {
		t.Errorf("Menjin got %d requests, want 2", got)
	}
}

func TestEdgeRefusesInMenjinsEnvelope(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	e := openEdge(t, counting(t, &requests))
	whole, english := strings.Repeat("x", 64<<10), http.Header{"Accept-Language": {"en-GB,en;q=0.8"}}
	if got := e.send(t, http.MethodPost, e.secure+"/api/hello", whole, nil); got.status != http.StatusOK {
		t.Errorf("64 KiB: got %d, want 200", got.status)
	}
	for _, path := range []string{"/api/hello", "/api/login", "/api/user", "/wechat/push/wx1"} {
		got := e.send(t, http.MethodPost, e.secure+path, whole+"x", nil)
		wantEnvelope(t, "more than 64 KiB", got, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "请求体过大")
	}
	got := e.send(t, http.MethodPost, e.secure+"/api/login", whole+"x", english)
	wantEnvelope(t, "the same in English", got, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "The body is too large")

	requests.Store(0)
	deadline := time.Now().Add(time.Minute)
	for got.status != http.StatusTooManyRequests && time.Now().Before(deadline) {
		got = e.send(t, http.MethodPost, e.secure+"/api/login", "{}", nil)
	}
	wantEnvelope(t, "a flood of logins", got, http.StatusTooManyRequests, "RATE_LIMITED", "请求过于频繁,请稍后再试")
	if got.header.Get("Retry-After") == "" || requests.Load() < 200 {
		t.Errorf("limit: got Retry-After %q after %d requests, want one after 200", got.header.Get("Retry-After"), requests.Load())
	}
	// Another path to the same place, and other routes. Twenty come back each second, and few are let through in between.
	around := 0
	for e.send(t, http.MethodPost, e.secure+"/api//x/../login", "{}", nil).status != http.StatusTooManyRequests && around < 200 {
		around++
	}
	if around == 200 {
		t.Errorf("way around the limit: got %d requests through, want them counted with the others", around)
	}
	if got := e.send(t, http.MethodGet, e.secure+"/api/user/info", "", nil); got.status != http.StatusOK {
		t.Errorf("other routes: got %d, want 200", got.status)
	}
}

// dying is a Menjin that dies over every request it gets, once it has it.
func dying(t *testing.T, requests *atomic.Int64) string {
	t.Helper()
	return address(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
}

func TestEdgeTriesAgainOnlyWhatCanBeDoneTwice(t *testing.T) {
	t.Parallel()
	for what, once := range map[string]bool{
		"POST /api/login": true, "POST /api/token/refresh": true, "POST /wechat/push/wx1": true, "PUT /api/user/password": true,
		"DELETE /api/user": true, "GET /api/user/info": false,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			e := openEdge(t, dying(t, &requests), dying(t, &requests))
			method, path, _ := strings.Cut(what, " ")
			got := e.send(t, method, e.secure+path, "", nil)
			wantEnvelope(t, what, got, http.StatusServiceUnavailable, "DEPENDENCY_UNAVAILABLE", "服务暂时不可用,请稍后再试")
			if got.header.Get("Retry-After") == "" {
				t.Error("got no Retry-After")
			}
			if want := map[bool]int64{true: 1, false: 2}[once]; requests.Load() != want {
				t.Errorf("replicas got it %d times, want %d", requests.Load(), want)
			}
		})
	}
}

func TestEdgeGoesRoundAReplicaThatIsNotThere(t *testing.T) {
	t.Parallel()
	var one, other atomic.Int64
	e := openEdge(t, "127.0.0.1:"+freePort(t), counting(t, &one), counting(t, &other))
	for range 40 {
		if got := e.send(t, http.MethodPost, e.secure+"/api/login", "{}", nil); got.status != http.StatusOK {
			t.Fatalf("got %d %s, want every login answered", got.status, got.body)
		}
	}
	if one.Load() == 0 || other.Load() == 0 || one.Load()+other.Load() != 40 {
		t.Errorf("replicas got %d and %d requests, want 40 between both", one.Load(), other.Load())
	}
}
