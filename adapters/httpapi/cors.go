package httpapi

import (
	"net/http"
	"slices"
)

// cors lets pages of other origins call the API. Tokens travel in a header, never in a cookie, so credentials are not
// allowed and not needed.
type cors struct {
	origins []string
	any     bool
}

func newCORS(origins []string) cors {
	return cors{origins: origins, any: slices.Contains(origins, "*")}
}

var (
	corsMethods = []string{"GET, HEAD, POST, PUT, DELETE"}
	corsHeaders = []string{"Authorization, Content-Type, Accept-Language, X-Request-ID"}
	corsExposed = []string{"X-Request-ID, Retry-After, WWW-Authenticate"}
	corsMaxAge  = []string{"7200"}
)

// handle sets the headers of an allowed origin, and reports true when the request was a preflight and is answered.
func (c cors) handle(w http.ResponseWriter, r *http.Request) bool {
	if len(c.origins) == 0 {
		return false
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !c.any && !slices.Contains(c.origins, origin) {
		return false
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header["Access-Control-Expose-Headers"] = corsExposed
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	header["Access-Control-Allow-Methods"] = corsMethods
	header["Access-Control-Allow-Headers"] = corsHeaders
	header["Access-Control-Max-Age"] = corsMaxAge
	w.WriteHeader(http.StatusNoContent)
	return true
}
