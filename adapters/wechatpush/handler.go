package wechatpush

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	maxBody = 64 << 10
	// workTime leaves a second of the five after which WeChat counts an answer as missing.
	workTime = 4 * time.Second
	success  = "success"
)

// App is a mini-program and what it and WeChat know of each other. One without a Token receives nothing.
type App struct {
	ID     domain.AppID
	Token  domain.Secret
	AESKey domain.Secret // EncodingAESKey; with it, nothing that is not encrypted is taken
}

// Handler is an http.Handler. It is safe for concurrent use.
type Handler struct {
	use   *push.Take
	apps  map[domain.AppID]*receiver
	guard *guard
	now   ports.Clock
	log   *slog.Logger
}

// receiver is an app as it is used.
type receiver struct {
	id    domain.AppID
	token domain.Secret
	box   *box // nil without an AES key
}

// New refuses an app that comes twice, a key that is none, and a key without a token.
func New(use *push.Take, apps []App, now ports.Clock, log *slog.Logger) (*Handler, error) {
	h := &Handler{use: use, apps: map[domain.AppID]*receiver{}, guard: newGuard(maxRemembered), now: now, log: log}
	for _, app := range apps {
		r := &receiver{id: app.ID, token: app.Token}
		switch {
		case h.apps[app.ID] != nil:
			return nil, fmt.Errorf("message push of %s: the mini-program is listed twice", app.ID)
		case !app.AESKey.IsZero() && app.Token.IsZero():
			return nil, fmt.Errorf("message push of %s: an EncodingAESKey needs a token beside it", app.ID)
		case !app.AESKey.IsZero():
			var err error
			if r.box, err = newBox(app.ID, app.AESKey); err != nil {
				return nil, fmt.Errorf("message push of %s: %w", app.ID, err)
			}
		}
		h.apps[app.ID] = r
	}
	return h, nil
}

// ServeHTTP answers 404 for a mini-program that receives nothing here, 403 for what is not certainly WeChat's, and 500, upon
// which WeChat tries again, for what could not be taken in.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app := h.apps[domain.AppID(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])]
	if app == nil || app.token.IsZero() {
		answer(w, http.StatusNotFound, "not found")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), workTime)
	defer cancel()
	var text string
	var err error
	switch r.Method {
	case http.MethodGet:
		text, err = h.verify(ctx, app, r)
	case http.MethodPost:
		text, err = success, h.receive(ctx, app, w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		err = &refusal{status: http.StatusMethodNotAllowed, text: "method not allowed", why: "method"}
	}
	if err != nil {
		h.fail(ctx, w, app, err)
		return
	}
	answer(w, http.StatusOK, text)
}
