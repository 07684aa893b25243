package wechatsandbox

import (
	_ "embed"
	"net/http"
	"slices"

	g "maragu.dev/gomponents"

	"github.com/menjin-id/menjin/internal/markup"
)

// pageEntries is how many of the latest requests the page shows.
const pageEntries = 20

//go:embed page.html
var pageSource string

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	page, err := markup.Fill(pageSource, s.pageParts("http://"+r.Host))
	if err != nil {
		http.Error(w, "page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(page) //nolint:gosec // what is the request's was escaped by the parts
}

// pageParts are what page.html leaves open; base is where the reader reaches the sandbox.
func (s *Server) pageParts(base string) map[string]g.Node {
	secret := "APP_SECRET"
	if s.opts.Apps[0].Secret == DemoSecret { // everybody knows that one
		secret = DemoSecret
	}
	entries, counters := s.Journal(), s.Counters()
	slices.Reverse(entries)
	return map[string]g.Node{
		"base":     g.Text(base),
		"app":      g.Text(s.opts.Apps[0].AppID),
		"secret":   g.Text(secret),
		"controls": showControls(s.controls(), base),
		"kinds":    showKinds(faultKinds),
		"apps":     showApps(s.opts.Apps),
		"apis":     showAPIs(s.paths(), counters.Calls),
		"tokens":   showCount(counters.TokenFetches),
		"phones":   showCount(counters.PhoneNumbers),
		"pushes":   showCount(counters.Pushes),
		"received": showCount(counters.Received),
		"requests": showRequests(entries[:min(len(entries), pageEntries)]),
	}
}
