package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// fail answers for a handler that returned an error, and logs what the operator has to know. It is the one place for both.
func (x *exchange) fail(err error) {
	if x.writer.status != 0 {
		return // the answer broke on its way to the client; the access line tells
	}
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		x.gone = x.clientGone() && (p.status != http.StatusInternalServerError || errors.Is(err, context.Canceled))
		x.logFailure(p, err)
	}
	x.answer(p)
}

// logFailure tells a fault of ours from one of what we depend on, and both from a client that left.
func (x *exchange) logFailure(p *problem, err error) {
	if x.gone {
		return
	}
	level := slog.LevelWarn
	if p.status == http.StatusInternalServerError || p.status == http.StatusBadGateway {
		level = slog.LevelError
	}
	attrs := append([]slog.Attr{
		slog.String("route", x.route()), slog.String("reason", p.reason), slog.String("error", err.Error()),
	}, x.who()...)
	x.server.log.LogAttrs(x, level, "request failed", attrs...)
}

// failure is the envelope of an error.
type failure struct {
	Code      int       `json:"code"`
	Message   string    `json:"message"`
	Reason    string    `json:"reason"`
	Data      *struct{} `json:"data"`
	RequestID string    `json:"request_id"`
	Details   []detail  `json:"details,omitempty"`
}

type detail struct {
	Field   string `json:"field"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

func (x *exchange) answer(p *problem) {
	x.reason = p.reason
	header := x.writer.Header()
	header["Content-Type"] = jsonContents
	header["Cache-Control"] = noStore
	switch p.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", x.challenge(p.reason))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter(p.retryAfter))
	}
	body := failure{
		Code: p.status, Message: failures[p.reason].in(x.language()), Reason: p.reason, RequestID: x.id,
	}
	for _, fault := range p.faults {
		body.Details = append(body.Details, detail{fault.field, fault.rule, fault.text.in(x.language())})
	}
	x.writer.WriteHeader(p.status)
	_ = json.NewEncoder(&x.writer).Encode(body) // whoever left does not read it
}

// challenge is what RFC 6750 §3 wants with every 401. A token is blamed only where it is at fault: a wrong password or a login
// code may be sent with a good one.
func (x *exchange) challenge(reason string) string {
	if x.tokenSent && (strings.HasPrefix(reason, "TOKEN_") || reason == domain.ErrSessionEnded.Reason) {
		return `Bearer realm="menjin", error="invalid_token"`
	}
	return `Bearer realm="menjin"`
}

const defaultRetryAfter = 5 * time.Second

// retryAfter is whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	if wait <= 0 {
		wait = defaultRetryAfter
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
