package wechat

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const busyPause = 100 * time.Millisecond

// attempt asks, and once more after a moment when WeChat said that it was too busy to look at the request. It counts both.
func attempt[T any](ctx context.Context, c *Client, door *api, ask func() (T, error)) (T, error) {
	counted := func() (T, error) {
		began := time.Now()
		result, err := ask()
		c.metrics.sent(door, time.Since(began), err)
		return result, err
	}
	result, err := counted()
	if isBusy(err) && pause(ctx, busyPause) {
		c.metrics.retries.WithLabelValues(door.name, "busy").Inc()
		return counted()
	}
	return result, err
}

func isBusy(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && refused.errcode == errcodeBusy
}

// pause reports whether the time passed before ctx ended.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// settle turns what went wrong with a call into what its caller may see.
func (c *Client) settle(caller context.Context, program *program, door *api, err error) error {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return c.refuse(caller, program, door, refused)
	}
	return judge(caller, err)
}

// refuse turns WeChat's no into ours, and tells the operator what only the operator can mend.
func (c *Client) refuse(ctx context.Context, program *program, door *api, refused *refusal) error {
	meaning := door.meaningOf(refused.errcode)
	if meaning.alert {
		c.log.LogAttrs(ctx, slog.LevelError, "WeChat refused a call", slog.String("api", door.name),
			slog.String("app_id", string(program.id)), slog.Int64("errcode", refused.errcode),
			slog.String("class", string(meaning.class)), slog.String("meaning", meaning.text), slog.String("rid", refused.rid))
	}
	return &fault{what: refused.Error() + ", " + meaning.text, failure: meaning.failure, health: meaning.class.health()}
}
