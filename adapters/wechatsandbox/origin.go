package wechatsandbox

import (
	"net/http"
	"net/netip"
	"net/url"
)

// guardOrigin refuses pages of other sites, which a browser lets post to loopback.
func guardOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "requests from pages of another origin are refused", "")
	}))
	return guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localOrigin(r) {
			refuse(w, http.StatusForbidden, "requests from pages under a name other than localhost are refused", "")
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// localOrigin tells a page of the sandbox from one whose name has been made to lead here: to a browser the latter is of
// the sandbox's own origin.
func localOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true // no browser, or one that only reads
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err == nil || u.Hostname() == "localhost"
}
