package wechatpush

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/menjin-id/menjin/application/push"
)

// receive takes a message in.
func (h *Handler) receive(ctx context.Context, app *receiver, w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	p := proofOf(query)
	if app.box == nil { // the signature says nothing of the body, which therefore can wait
		if err := p.check(app.token, query.Get("signature"), h.now()); err != nil {
			return err
		}
	}
	text, err := readBody(w, r)
	if err != nil {
		return err
	}
	if app.box != nil {
		if text, err = h.decrypt(app, p, query, text); err != nil {
			return err
		}
	}
	if !h.guard.admit(p.key(app), "message", text) {
		return forbidden("the signature was used for something else")
	}
	message, err := h.read(app, p, text)
	if err != nil {
		return err
	}
	if err := h.use.Do(ctx, message); errors.Is(err, push.ErrForeign) {
		return misconfigured("the message names another mini-program")
	} else if err != nil {
		return fmt.Errorf("take message in: %w", err)
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, text: "message too large", why: "body is too large"}
	}
	if err != nil {
		return nil, malformed("body breaks off")
	}
	return text, nil
}

// decrypt looks at nothing of the body but what is encrypted, which is all that the signature covers. In compatible mode the
// rest says the same, or whatever somebody on the way wants it to.
func (h *Handler) decrypt(app *receiver, p proof, query url.Values, body []byte) ([]byte, error) {
	envelope, err := parse(body)
	if err != nil {
		return nil, forbidden("body is neither JSON nor XML")
	}
	encrypted, err := envelope.text("Encrypt")
	if err != nil || encrypted == "" {
		return nil, forbidden("message is not encrypted")
	}
	if err := p.check(app.token, query.Get("msg_signature"), h.now(), encrypted); err != nil {
		return nil, err
	}
	text, err := app.box.open(encrypted)
	if err != nil {
		return nil, misconfigured("the encrypted message cannot be read; is the EncodingAESKey the right one?")
	}
	return text, nil
}

// read makes a message of its text.
func (h *Handler) read(app *receiver, p proof, text []byte) (push.Message, error) {
	content, err := parse(text)
	if err != nil {
		return push.Message{}, malformed("message is neither JSON nor XML")
	}
	if app.box == nil && content.sealed() {
		return push.Message{}, misconfigured("the message is encrypted, and no EncodingAESKey is configured")
	}
	message, err := content.message(app.id)
	if err != nil {
		return push.Message{}, malformed("message says the same thing in two ways")
	}
	if app.box == nil {
		message.Delivery = p.key(app)
	}
	return message, nil
}
