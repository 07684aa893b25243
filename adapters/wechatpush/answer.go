package wechatpush

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
)

// refusal is an answer that tells nothing of the reason.
type refusal struct {
	status int
	text   string
	why    string     // for the log
	level  slog.Level // info: somebody else's mistake
}

func (r *refusal) Error() string { return r.why }

func forbidden(why string) error {
	return &refusal{status: http.StatusForbidden, text: "forbidden", why: why}
}

// misconfigured refuses what WeChat signed and the operator has to look at.
func misconfigured(why string) error {
	return &refusal{status: http.StatusForbidden, text: "forbidden", why: why, level: slog.LevelWarn}
}

func malformed(why string) error {
	return &refusal{status: http.StatusBadRequest, text: "malformed message", why: why}
}

// fail answers, and logs the reason, which an answer does not tell.
func (h *Handler) fail(ctx context.Context, w http.ResponseWriter, app *receiver, err error) {
	if refused, ok := errors.AsType[*refusal](err); ok {
		h.log.Log(ctx, refused.level, "a pushed message was refused", "app_id", app.id, "reason", refused.why)
		answer(w, refused.status, refused.text)
		return
	}
	h.log.ErrorContext(ctx, "a pushed message could not be taken in", "app_id", app.id, "error", err)
	answer(w, http.StatusInternalServerError, "try again")
}

func answer(w http.ResponseWriter, status int, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // nobody is left to tell
}
