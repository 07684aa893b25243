package wechatsandbox

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
)

// pageEntries is how many of the latest requests the page shows.
const pageEntries = 20

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

type pageView struct {
	Base, Secret string
	Apps         []App
	Controls     []control
	Kinds        []FaultKind
	Paths        []string
	Counters     Counters
	Entries      []Entry
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	entries := s.Journal()
	slices.Reverse(entries)
	secret := "APP_SECRET"
	if s.opts.Apps[0].Secret == DemoSecret { // everybody knows that one
		secret = DemoSecret
	}
	var out bytes.Buffer
	err := page.Execute(&out, pageView{
		Base: "http://" + r.Host, Secret: secret, Apps: s.opts.Apps, Controls: s.controls(), Kinds: faultKinds,
		Paths: s.paths(), Counters: s.Counters(), Entries: entries[:min(len(entries), pageEntries)],
	})
	if err != nil {
		http.Error(w, "page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(out.Bytes())
}
