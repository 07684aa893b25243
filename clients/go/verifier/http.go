package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

type contextKey struct{}

// FromContext returns the caller that a middleware found.
func FromContext(ctx context.Context) (Claims, bool) {
	claims, found := ctx.Value(contextKey{}).(Claims)
	return claims, found
}

// NewContext returns a context with a caller, for middleware of other frameworks and for tests.
func NewContext(ctx context.Context, caller Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, caller)
}

// Bearer takes the token from an Authorization header. It is empty when there is none.
func Bearer(header http.Header) string {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Authenticate proves the token of a request's headers. A request without one gets ErrInvalid.
func (v *Verifier) Authenticate(ctx context.Context, header http.Header) (Claims, error) {
	token := Bearer(header)
	if token == "" {
		return Claims{}, errMissing
	}
	return v.Verify(ctx, token)
}

var errMissing = invalid("there is none")

// Middleware lets requests through that carry a good token, with the caller in their context. Others are answered as the
// service itself does: 401 with WWW-Authenticate and a stable reason, or 503 with Retry-After where nobody can know.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := v.Authenticate(r.Context(), r.Header)
		if err != nil {
			Refuse(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), caller)))
	})
}

// RequireRole answers 403 to callers without a role. It goes behind a middleware that finds the caller.
func RequireRole(role string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if caller, _ := FromContext(r.Context()); !caller.HasRole(role) {
			write(w, http.StatusForbidden, "PERMISSION_DENIED")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Refuse answers a request whose token did not pass.
func Refuse(w http.ResponseWriter, err error) {
	status, reason := Status(err)
	switch {
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
	case errors.Is(err, errMissing):
		w.Header().Set("WWW-Authenticate", "Bearer")
	default:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	write(w, status, reason)
}

// Status returns the HTTP status and the stable reason of an error of Verify.
func Status(err error) (status int, reason string) {
	switch {
	case errors.Is(err, errMissing):
		return http.StatusUnauthorized, "TOKEN_MISSING"
	case errors.Is(err, ErrExpired):
		return http.StatusUnauthorized, "TOKEN_EXPIRED"
	case errors.Is(err, ErrEnded):
		return http.StatusUnauthorized, "SESSION_ENDED"
	case errors.Is(err, ErrInvalid):
		return http.StatusUnauthorized, "TOKEN_INVALID"
	}
	return http.StatusServiceUnavailable, "DEPENDENCY_UNAVAILABLE"
}

func write(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { // the client is gone when this fails
		Code    int    `json:"code"`
		Message string `json:"message"`
		Reason  string `json:"reason"`
	}{status, http.StatusText(status), reason})
}
