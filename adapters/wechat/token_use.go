package wechat

import (
	"context"
	"errors"
	"net/url"

	"github.com/menjin-id/menjin/domain"
)

// tokenUse is a call that wants an access_token.
type tokenUse[T any] struct {
	door    *api
	breaker *breaker[T]
	ask     func(ctx context.Context, token domain.Secret) (T, error)
}

func tokenQuery(token domain.Secret) string { return "access_token=" + url.QueryEscape(token.Reveal()) }

var errTokenRefused = errors.New("access_token refused")

// use calls, and once more with another token when WeChat refuses the first: it does so before it looks at anything else, and
// a code is then as good as before.
func use[T any](caller context.Context, c *Client, program *program, call tokenUse[T]) (T, error) {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	result, token, err := useOnce(ctx, caller, c, program, call, true)
	if errors.Is(err, errTokenRefused) {
		program.tokens.drop(token)
		c.metrics.retries.WithLabelValues(call.door.name, "access_token").Inc()
		result, _, err = useOnce(ctx, caller, c, program, call, false)
	}
	return result, err
}

func useOnce[T any](ctx, caller context.Context, c *Client, program *program, call tokenUse[T], first bool) (_ T, token domain.Secret, _ error) {
	var none T
	token, err := program.tokens.get(ctx)
	if err != nil {
		return none, token, judge(caller, err)
	}
	result, err := call.breaker.run(func() (T, error) {
		result, err := attempt(ctx, c, call.door, func() (T, error) { return call.ask(ctx, token) })
		switch {
		case err == nil:
			return result, nil
		case first && refusesToken(err):
			return none, &fault{what: "first try", failure: errTokenRefused, health: unclear}
		}
		return none, c.settle(caller, program, call.door, err)
	})
	return result, token, err
}

func refusesToken(err error) bool {
	refused, ok := errors.AsType[*refusal](err)
	return ok && (refused.errcode == errcodeTokenNotLatest || refused.errcode == errcodeTokenInvalid || refused.errcode == errcodeTokenExpired)
}
