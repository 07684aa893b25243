package wechatsandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// hostile closes whatever it may stand in, and opens what runs; its last words would fill marks of the page.
const (
	hostile = `"'></code></pre><script>{{controls}}{{nothing}}`
	escaped = `&#34;&#39;&gt;&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;{{controls}}{{nothing}}`
)

func TestPageOfHostileRequestsHoldsNoMarkupOfTheirs(t *testing.T) {
	t.Parallel()
	server := wechatsandbox.New(wechatsandbox.Options{Apps: []wechatsandbox.App{{AppID: "wx" + hostile, Secret: "secret"}}})
	plain := ask(t, server, "127.0.0.1", "/", nil).Body.String()
	code, err := server.MintCode("", hostile)
	if err != nil {
		t.Fatal(err)
	}
	// The journal remembers the path of the one, and whose code the other has spent.
	ask(t, server, hostile, "/"+hostile, nil)
	ask(t, server, hostile, "/sns/jscode2session", url.Values{
		"appid": {"wx" + hostile}, "secret": {"secret"}, "js_code": {code}, "grant_type": {"authorization_code"},
	})

	page := ask(t, server, hostile, "/", nil)
	if got, want := page.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'; img-src data:"; got != want {
		t.Errorf("policy: got %q, want %q", got, want)
	}
	body := page.Body.String()
	for _, want := range []string{
		"curl -X POST http://" + escaped + "/_sandbox/codes", "appid=wx" + escaped, "<code>wx" + escaped + "</code>",
		"<code>GET /" + escaped + "</code>", "<td>" + escaped + "</td>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	if strings.Contains(body, "<script") {
		t.Errorf("page holds markup of a request:\n%s", body)
	}
	if got := strings.Count(body, "<tr>") - strings.Count(plain, "<tr>"); got != 3 {
		t.Errorf("two requests add %d rows, want a heading and one for each", got)
	}
}

func ask(t *testing.T, server http.Handler, host, path string, query url.Values) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	request.Host, request.URL.Path, request.URL.RawQuery = host, path, query.Encode()
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	return answer
}
