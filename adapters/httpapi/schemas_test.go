package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/adapters/httpapi"
	"github.com/menjin-id/menjin/domain"
)

func withEvents(t *testing.T) func(*httpapi.Options) {
	t.Helper()
	document, err := cloudevent.AsyncAPI("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	return func(o *httpapi.Options) {
		o.Events = httpapi.EventDocuments{Schemas: cloudevent.Schemas(), AsyncAPI: document}
	}
}

func TestSchemasAreListedAndServed(t *testing.T) {
	t.Parallel()
	s := setup(t, withEvents(t))
	var list []struct{ Type, ID, Schema, Title string }
	if err := json.Unmarshal(s.do(t, "GET", "/schemas/", "").body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(domain.EventTypes()) {
		t.Errorf("%d schemas, want %d", len(list), len(domain.EventTypes()))
	}
	for _, entry := range list {
		reply := s.do(t, "GET", entry.Schema, "")
		var schema struct {
			ID    string `json:"$id"`
			Title string
		}
		if err := json.Unmarshal(reply.body, &schema); err != nil {
			t.Fatal(err)
		}
		if schema.Title != entry.Type || schema.ID != entry.ID || entry.Title == "" {
			t.Errorf("%+v names schema %+v", entry, schema)
		}
		if got := reply.header.Get("Content-Type"); got != "application/schema+json" {
			t.Errorf("%s: Content-Type %q", entry.Schema, got)
		}
		if _, name, _ := strings.Cut(entry.ID, "urn:menjin:schema:"); entry.Schema != "/schemas/"+name {
			t.Errorf("%s lies at %s", entry.ID, entry.Schema)
		}
	}
	for _, unknown := range []string{"menjin.user.registered.v1", "menjin.user.registered.v9.json", "..%2fcodec.go", "%00"} {
		s.do(t, "GET", "/schemas/"+unknown, "").want(t, 404, "NOT_FOUND")
	}
}

func TestEventDocumentsAreNotSentTwice(t *testing.T) {
	t.Parallel()
	s := setup(t, withEvents(t))
	for _, path := range []string{
		"/schemas/", "/schemas/menjin.user.registered.v1.json", "/asyncapi.json", "/asyncapi.yaml", "/docs/events", "/.well-known/jwks.json",
	} {
		first := s.do(t, "GET", path, "")
		again := s.do(t, "GET", path, "", header{"If-None-Match": first.header.Get("ETag")})
		if first.status != 200 || first.header.Get("Cache-Control") == "" || again.status != http.StatusNotModified || len(again.body) != 0 {
			t.Errorf("%s: got %d %v and then %d with %d bytes", path, first.status, first.header, again.status, len(again.body))
		}
		if head := s.do(t, "HEAD", path, ""); head.status != 200 || len(head.body) != 0 {
			t.Errorf("HEAD %s: got %d with %d bytes", path, head.status, len(head.body))
		}
	}
}

func TestAsyncAPIIsTheSameInBothForms(t *testing.T) {
	t.Parallel()
	s := setup(t, withEvents(t))
	var asJSON, asYAML any
	if err := json.Unmarshal(s.do(t, "GET", "/asyncapi.json", "").body, &asJSON); err != nil {
		t.Fatal(err)
	}
	reply := s.do(t, "GET", "/asyncapi.yaml", "")
	if err := yaml.Unmarshal(reply.body, &asYAML); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(asYAML)
	if want, _ := json.Marshal(asJSON); string(got) != string(want) {
		t.Errorf("YAML %s\nJSON %s", got, want)
	}
	if got := reply.header.Get("Content-Type"); got != "application/yaml" {
		t.Errorf("Content-Type %q", got)
	}
	for path := range references(asJSON) {
		if reply := s.do(t, "GET", "/"+path, ""); reply.status != 200 {
			t.Errorf("%s is referred to and answers %d", path, reply.status)
		}
	}
}

// references are the files that a document refers to.
func references(value any) map[string]bool {
	found := map[string]bool{}
	switch value := value.(type) {
	case map[string]any:
		if path, ok := value["$ref"].(string); ok && !strings.HasPrefix(path, "#") {
			found[path] = true
		}
		for _, inner := range value {
			for path := range references(inner) {
				found[path] = true
			}
		}
	case []any:
		for _, inner := range value {
			for path := range references(inner) {
				found[path] = true
			}
		}
	}
	return found
}

func TestPageOfEventsShowsEveryTypeWithoutScripts(t *testing.T) {
	t.Parallel()
	s := setup(t, withEvents(t))
	reply := s.do(t, "GET", "/docs/events", "")
	page := string(reply.body)
	for _, kind := range domain.EventTypes() {
		name := cloudevent.TypeName(kind)
		if !strings.Contains(page, `<section id="`+name+`">`) || !strings.Contains(page, `href="../schemas/`+name+`.json"`) {
			t.Errorf("%s is not on the page", name)
		}
	}
	for _, want := range []string{
		"menjin.user.registered.{userId}", "menjin.wechat.{wechatEvent}", "ce-sequence", "用户注册 · A user came to be",
		"&#34;session_id&#34;: null", "string | null (uuid)", "menjin.wechat.&lt;event&gt;.v1",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if got := reply.header.Get("Content-Security-Policy"); !strings.Contains(got, "style-src 'self';") || !strings.Contains(got, "default-src 'none'") {
		t.Errorf("policy %q", got)
	}
	if found := regexp.MustCompile(`<script|style="|//[a-z]`).FindString(page); found != "" {
		t.Errorf("%q is on the page, which must need nothing from elsewhere", found)
	}
	link := regexp.MustCompile(`href="(events\.css\?v=[^"]+)"`).FindStringSubmatch(page)
	if link == nil || !strings.Contains(s.do(t, "GET", "/docs/"+link[1], "").header.Get("Cache-Control"), "immutable") {
		t.Errorf("style sheet %q", link)
	}
	if docs := string(s.do(t, "GET", "/docs", "").body); !strings.Contains(docs, `href="docs/events"`) || !strings.Contains(page, `href="../docs"`) {
		t.Error("the two pages are not linked with each other")
	}
}

func TestServerWithoutEventDocumentsHasNone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	if got := string(s.do(t, "GET", "/schemas/", "").body); got != "[]" {
		t.Errorf("got %s, want an empty list", got)
	}
	s.do(t, "GET", "/asyncapi.json", "").want(t, 404, "NOT_FOUND")
	s.do(t, "GET", "/schemas/menjin.user.registered.v1.json", "").want(t, 404, "NOT_FOUND")
}
