package nginx_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

var made = regexp.MustCompile(`^[0-9a-f]{32}$`) // by nginx

// sent is what a client may send as an id, and whether nginx is to keep it.
type sent struct {
	ids  []string
	kept bool
}

func idsSent() map[string]sent {
	return map[string]sent{
		"none":              {nil, false},
		"one of ours":       {[]string{"0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192"}, true},
		"one of a tracer's": {[]string{"Root=1-67891233:abc/def+0_1.2@x~"}, true},
		"as long as may be": {[]string{strings.Repeat("a", 128)}, true},
		"too long":          {[]string{strings.Repeat("a", 129)}, false},
		"empty":             {[]string{""}, false},
		"with a space":      {[]string{"a b"}, false},
		"with a quote":      {[]string{`a","code":200,"x":"`}, false},
		"with a backslash":  {[]string{`a\`}, false},
		"in Chinese":        {[]string{"请求"}, false},
	}
}

func TestServiceAndMenjinGetTheIDOfARequest(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	for what, header := range idsSent() {
		given := withToken.Clone()
		given["X-Request-Id"] = header.ids
		if got := g.send(t, "GET", "/orders", given, ""); got.status != http.StatusOK {
			t.Fatalf("%s: got %d %s, want 200", what, got.status, got.body)
		}
		_, asked := g.last(&g.asked)
		_, reached := g.last(&g.reached)
		for who, request := range map[string]*http.Request{"Menjin": asked, "service": reached} {
			ids := request.Header["X-Request-Id"]
			if len(ids) != 1 || ids[0] != asked.Header.Get("X-Request-Id") {
				t.Errorf("%s: %s got the ids %q, want one, and the same for both", what, who, ids)
				continue
			}
			if header.kept && ids[0] != header.ids[0] || !header.kept && !made.MatchString(ids[0]) {
				t.Errorf("%s: %s got the id %q, want the client's kept: %t", what, who, ids[0], header.kept)
			}
		}
	}
}

func TestIDsOfTwoMindsAreNobodys(t *testing.T) {
	t.Parallel()
	g := open(t)
	g.open("good", alice)
	given := withToken.Clone()
	given["X-Request-Id"] = []string{"first", `second"`}
	g.send(t, "GET", "/orders", given, "")
	_, reached := g.last(&g.reached)
	if ids := reached.Header["X-Request-Id"]; len(ids) != 1 || ids[0] != "first" && !made.MatchString(ids[0]) {
		t.Errorf("service got the ids %q, want one that can stand anywhere", ids)
	}
}

func TestLogOfNginxHasTheIDThatTheClientGets(t *testing.T) {
	t.Parallel()
	var ids []string
	e := openEdge(t, address(serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id")) // as Menjin does
	})))
	for what, header := range idsSent() {
		given := http.Header{"X-Request-Id": header.ids}
		answered := e.send(t, http.MethodGet, e.secure+"/api/hello?openid=secret", "", given)
		refused := e.send(t, http.MethodPost, e.secure+"/api/hello?openid=secret", strings.Repeat("x", 65<<10), given)
		wantEnvelope(t, what, refused, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "请求体过大")
		for _, got := range []reply{answered, refused} {
			id := got.header.Get("X-Request-Id")
			if header.kept && id != header.ids[0] || !header.kept && !made.MatchString(id) {
				t.Errorf("%s: the client got the id %q, want its own kept: %t", what, id, header.kept)
			}
			ids = append(ids, id)
		}
	}
	text, lines := e.logged(t, len(ids))
	for _, id := range ids {
		if lines[id] == 0 {
			t.Errorf("no line of the log has the id %q", id)
		}
	}
	if strings.Contains(text, "secret") || strings.Contains(text, "openid") || !strings.Contains(text, `"path":"/api/hello"`) {
		t.Errorf("the log has more, or less, than the path:\n%s", text)
	}
}

// logged waits for so many lines, each of which must be JSON, and counts them by their id.
func (e *edge) logged(t *testing.T, count int) (text string, lines map[string]int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); strings.Count(text, "\n") < count; {
		if time.Now().After(deadline) {
			t.Fatalf("the log has fewer than %d lines:\n%s", count, text)
		}
		<-time.After(10 * time.Millisecond)
		content, err := os.ReadFile(e.log)
		if err != nil {
			t.Fatal(err)
		}
		text = string(content)
	}
	lines = map[string]int{}
	for line := range strings.Lines(text) {
		var entry struct {
			RequestID string `json:"request_id"`
			ClientIP  string `json:"client_ip"`
			Status    int    `json:"status"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.ClientIP != "127.0.0.1" || entry.Status == 0 {
			t.Errorf("line %q: %v, want JSON with the client's address and a status", line, err)
		}
		lines[entry.RequestID]++
	}
	return text, lines
}
