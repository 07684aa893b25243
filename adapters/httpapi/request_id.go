package httpapi

import (
	"context"
	"net/http"
)

const maxRequestID = 128

// RequestID returns the id of the request that ctx belongs to, or nothing outside a request.
func RequestID(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.id
	}
	return ""
}

// requestID takes over the id a client or proxy gave, when it can stand in a header and a log line as it is.
func (s *Server) requestID(r *http.Request) string {
	if given := r.Header["X-Request-Id"]; len(given) == 1 && printable(given[0]) {
		return given[0]
	}
	return s.newID().String()
}

func printable(text string) bool {
	if text == "" || len(text) > maxRequestID {
		return false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
