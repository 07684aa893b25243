package subscriber

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// Handler does what an event calls for. It returns nil when that is done for good; any error brings the event again. Its
// context ends with Options.HandlerTimeout, or when the subscriber has waited Options.StopTimeout for it to end.
type Handler[T any] func(ctx context.Context, event menjin.Event[T]) error

type rawHandler = func(ctx context.Context, event menjin.Event[json.RawMessage]) error

// permanent marks an error that no repetition changes.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error of a handler as one that no repetition changes: the event goes to the dead-letter stream at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

func isPermanent(err error) bool {
	_, marked := errors.AsType[permanent](err)
	return marked || errors.Is(err, menjin.ErrMalformed)
}

const wechatTypes = "menjin.wechat."

// handlers are what was registered, by the type of event.
type handlers struct {
	byType   map[string]rawHandler
	wechat   rawHandler // of what WeChat pushed and byType does not have
	other    rawHandler // of the rest
	subjects []string
}

func (h *handlers) of(kind string) rawHandler {
	if handler, found := h.byType[kind]; found {
		return handler
	}
	if h.wechat != nil && strings.HasPrefix(kind, wechatTypes) && strings.HasSuffix(kind, ".v1") {
		return h.wechat
	}
	return h.other
}

func (h *handlers) add(subject string) {
	if !slices.Contains(h.subjects, subject) {
		h.subjects = append(h.subjects, subject)
	}
}

// filters returns the subjects without those that another one covers, which NATS refuses.
func (h *handlers) filters() []string { return widest(h.subjects) }

func widest(subjects []string) []string {
	var kept []string
	for i, one := range subjects {
		covered := slices.ContainsFunc(subjects[:i], func(s string) bool { return s == one })
		for _, other := range subjects {
			covered = covered || (other != one && covers(other, one))
		}
		if !covered {
			kept = append(kept, one)
		}
	}
	slices.Sort(kept)
	return kept
}

// covers tells whether every subject that the filter inner matches is matched by the filter outer.
func covers(outer, inner string) bool {
	out, in := strings.Split(outer, "."), strings.Split(inner, ".")
	for i, token := range out {
		switch {
		case token == ">":
			return len(in) > i
		case i >= len(in) || in[i] == ">":
			return false
		case token != "*" && token != in[i]:
			return false
		}
	}
	return len(in) == len(out)
}

func on[T any](s *Subscriber, kind string, handler Handler[T]) {
	s.mustNotRun()
	s.handlers.byType[kind] = typed(handler)
	s.handlers.add(strings.TrimSuffix(kind, ".v1") + ".*")
}

func typed[T any](handler Handler[T]) rawHandler {
	return func(ctx context.Context, raw menjin.Event[json.RawMessage]) error {
		event, err := menjin.Decode[T](raw)
		if err != nil {
			return err
		}
		return handler(ctx, event)
	}
}
