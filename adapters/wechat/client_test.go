package wechat

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func TestUselessOptionsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	secret := domain.NewSecret(testSecret)
	_, err := New(Options{
		BaseURL: "ftp://user:" + testSecret + "@host",
		Timeout: -time.Second,
		Apps:    []App{{"", secret}, {"a", domain.Secret{}}, {"b", secret}, {"b", secret}},
	})
	for _, want := range []string{"base address", "negative", "no app id", `"a" has no secret`, `"b" is there twice`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	if strings.Contains(fmt.Sprint(err), testSecret) {
		t.Errorf("error shows the password: %v", err)
	}
}

func TestBaseURLIsAnAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://api.weixin.qq.com":   "https://api.weixin.qq.com",
		"https://api.weixin.qq.com/":  "https://api.weixin.qq.com",
		"http://127.0.0.1:8081/look/": "http://127.0.0.1:8081/look",
		"":                            "",
		"api.weixin.qq.com":           "",
		"https://":                    "",
		"https://host/?a=b":           "",
		"https://host/#a":             "",
		"https://user@host/":          "",
		"https://ho st/":              "",
	} {
		got, err := parseBaseURL(text)
		if got.String() != want || (err == nil) != (want != "") {
			t.Errorf("parseBaseURL(%q): got %q and %v, want %q", text, got.String(), err, want)
		}
	}
}

func TestClientDoesNotPrintSecrets(t *testing.T) {
	t.Parallel()
	client := setup(t, "https://api.weixin.qq.com", 0, neverOpens)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(verb, *client.apps[testApp]); strings.Contains(text, testSecret) {
			t.Errorf("%s shows the secret: %s", verb, text)
		}
	}
}

func TestTransportCanBeGiven(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(respond(testSuccess))
	t.Cleanup(server.Close)
	client, err := New(Options{
		BaseURL: server.URL, Apps: []App{{testApp, domain.NewSecret(testSecret)}}, Transport: server.Client().Transport,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(client.Close)
	if _, err := client.ExchangeCode(t.Context(), testApp, domain.NewSecret(testCode)); err != nil {
		t.Errorf("ExchangeCode: %v", err)
	}
}

func TestProxyIsForTunnelsAlone(t *testing.T) { // sets the environment, and therefore is not parallel
	t.Setenv("HTTP_PROXY", "http://proxy.invalid:1")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://look-alike.invalid/", nil)
	if err != nil {
		t.Fatalf("NewRequest: %v", err)
	}
	if proxy, err := tunnelFromEnvironment(request); proxy != nil || err != nil {
		t.Errorf("got proxy %v and %v for plain http, want none", proxy, err)
	}
}

func BenchmarkExchangeCode(b *testing.B) {
	url := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, testSuccess) })
	client := setup(b, url, 0, neverOpens)
	code := domain.NewSecret(testCode)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.ExchangeCode(b.Context(), testApp, code); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainGet is the floor: what net/http and the server in this process cost without the client.
func BenchmarkPlainGet(b *testing.B) {
	url := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, testSuccess) })
	client := &http.Client{Transport: newTransport(defaultTimeout)}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	for b.Loop() {
		response, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
}
