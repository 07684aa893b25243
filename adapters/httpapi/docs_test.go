package httpapi_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestContractIsServedWithTheVersion(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := s.do(t, "GET", "/openapi.json", "")
	var document struct {
		OpenAPI string `json:"openapi"`
		Info    struct{ Version string }
		Paths   map[string]any
	}
	if err := json.Unmarshal(reply.body, &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" || document.Info.Version != "1.2.3" || document.Paths["/api/login"] == nil {
		t.Errorf("got %+v", document)
	}
}

func TestPageLoadsItsPartsByHash(t *testing.T) {
	t.Parallel()
	s := setup(t)
	page := s.do(t, "GET", "/docs", "")
	if got := page.header.Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self';") || !strings.Contains(got, "frame-ancestors 'none'") {
		t.Errorf("policy %q", got)
	}
	parts := regexp.MustCompile(`(?:src|href)="(docs/[^"]+\?v=[^"]+)"`).FindAllSubmatch(page.body, -1)
	if len(parts) != 3 {
		t.Fatalf("page has %d parts: %s", len(parts), page.body)
	}
	for _, part := range parts {
		reply := s.do(t, "GET", "/"+string(part[1]), "")
		if reply.status != 200 || !strings.Contains(reply.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: got %d %v", part[1], reply.status, reply.header)
		}
	}
	if got := s.do(t, "GET", "/docs/start.js?v=old", "").header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("another hash: Cache-Control %q", got)
	}
}

func TestPartsAreNotSentTwice(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, coding := range []string{"identity", "gzip"} {
		first := s.do(t, "GET", "/docs/start.js", "", header{"Accept-Encoding": coding})
		again := s.do(t, "GET", "/docs/start.js", "", header{"Accept-Encoding": coding, "If-None-Match": first.header.Get("ETag")})
		if again.status != http.StatusNotModified || len(again.body) != 0 {
			t.Errorf("%s: got %d and %d bytes", coding, again.status, len(again.body))
		}
	}
}

func TestPartsAreCompressedForWhoAccepts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	plain := s.do(t, "GET", "/docs/swagger-ui.css", "", header{"Accept-Encoding": "br, gzip;q=0"})
	request, _ := http.NewRequestWithContext(t.Context(), "GET", s.url+"/docs/swagger-ui.css", nil)
	request.Header.Set("Accept-Encoding", "br, gzip;q=0.8")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	unzipped, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unzipped)
	if err != nil || string(content) != string(plain.body) {
		t.Errorf("unzipped %d bytes, plain %d: %v", len(content), len(plain.body), err)
	}
}

func TestPartsOfSwaggerUIAreTheReleases(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, want := range map[string]string{ // of Swagger UI 5.35.0
		"swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
		"swagger-ui.css":       "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
	} {
		plain := s.do(t, "GET", "/docs/"+name, "", header{"Accept-Encoding": "identity"})
		if got := fmt.Sprintf("%x", sha256.Sum256(plain.body)); got != want {
			t.Errorf("%s: SHA-256 %s, want %s", name, got, want)
		}
	}
}
