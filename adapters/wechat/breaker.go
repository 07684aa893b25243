package wechat

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

type breakerPolicy struct {
	failures uint32        // in a row, until it opens
	pause    time.Duration // until one exchange is let through to try
}

// breaker stops the calls of one mini-program while they cannot succeed: people get their answer at once, and WeChat, which
// suspends who hammers it with a wrong secret, is left alone.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[ports.WeChatLogin]
	paused  *fault // what is said meanwhile
}

func newBreaker(app domain.AppID, policy breakerPolicy, log *slog.Logger) *breaker {
	circuit := gobreaker.NewCircuitBreaker[ports.WeChatLogin](gobreaker.Settings{
		Name:          string(app),
		MaxRequests:   1,
		Timeout:       policy.pause,
		ReadyToTrip:   func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= policy.failures },
		IsSuccessful:  func(err error) bool { return err == nil || healthOf(err) == well },
		IsExcluded:    func(err error) bool { return err != nil && healthOf(err) == unclear },
		OnStateChange: announce(log, policy.pause),
	})
	return &breaker{circuit: circuit, paused: &fault{
		what: "paused after repeated failures", failure: domain.ErrUnavailable.After(policy.pause), health: unclear,
	}}
}

func (b *breaker) run(exchange func() (ports.WeChatLogin, error)) (ports.WeChatLogin, error) {
	login, err := b.circuit.Execute(exchange)
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return ports.WeChatLogin{}, b.paused
	}
	return login, err
}

func healthOf(err error) health {
	if failed, ok := errors.AsType[*fault](err); ok {
		return failed.health
	}
	return sick
}

func announce(log *slog.Logger, pause time.Duration) func(app string, from, to gobreaker.State) {
	return func(app string, _, to gobreaker.State) {
		ctx := context.Background()
		switch to {
		case gobreaker.StateOpen:
			log.ErrorContext(ctx, "WeChat exchanges paused after repeated failures", "app_id", app, "pause", pause)
		case gobreaker.StateHalfOpen:
			log.InfoContext(ctx, "WeChat exchange let through to try", "app_id", app)
		case gobreaker.StateClosed:
			log.InfoContext(ctx, "WeChat exchanges resumed", "app_id", app)
		}
	}
}
