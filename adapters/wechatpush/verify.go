package wechatpush

import (
	"context"
	"fmt"
	"net/http"

	"github.com/menjin-id/menjin/application/push"
)

// maxEcho is far above the nineteen digits that WeChat sends.
const maxEcho = 256

// verify answers WeChat's question whether the address is ours: the text to echo, once the signature is right.
func (h *Handler) verify(ctx context.Context, app *receiver, r *http.Request) (echo string, err error) {
	query := r.URL.Query()
	p := proofOf(query)
	if err := p.check(app.token, query.Get("signature"), h.now()); err != nil {
		return "", err
	}
	echo = query.Get("echostr")
	if echo == "" || len(echo) > maxEcho {
		return "", malformed("echostr is missing or too long")
	}
	if !h.guard.admit(p.key(app), "verify", []byte(echo)) {
		return "", forbidden("the signature was used for something else")
	}
	if app.box != nil {
		return echo, nil
	}
	// The signature would do for a plain message as well. It is spent as that of a message that asks for nothing.
	spent := push.Message{App: app.id, Type: "verification", Delivery: p.key(app)}
	if err := h.use.Do(ctx, spent); err != nil {
		return "", fmt.Errorf("remember verification: %w", err)
	}
	return echo, nil
}
