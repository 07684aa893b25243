package wechat

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/menjin-id/menjin/domain"
)

type breakerPolicy struct {
	failures uint32        // in a row, until it opens
	pause    time.Duration // until one call is let through to try
}

// breaker stops the calls of one mini-program at one door while they cannot succeed: people get their answer at once, and
// WeChat, which suspends who hammers it with a wrong secret, is left alone.
type breaker[T any] struct {
	circuit *gobreaker.CircuitBreaker[T]
	paused  *fault // what is said meanwhile
}

func newBreaker[T any](app domain.AppID, door *api, policy breakerPolicy, c *Client) *breaker[T] {
	circuit := gobreaker.NewCircuitBreaker[T](gobreaker.Settings{
		Name:          string(app),
		MaxRequests:   1,
		Timeout:       policy.pause,
		ReadyToTrip:   func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= policy.failures },
		IsSuccessful:  func(err error) bool { return err == nil || healthOf(err) == well },
		IsExcluded:    func(err error) bool { return err != nil && healthOf(err) == unclear },
		OnStateChange: announce(c, door, policy.pause),
	})
	c.metrics.breaker(app, door).Set(0)
	return &breaker[T]{circuit: circuit, paused: &fault{
		what: "paused after repeated failures", failure: domain.ErrUnavailable.After(policy.pause), health: unclear,
	}}
}

func (b *breaker[T]) run(call func() (T, error)) (T, error) {
	result, err := b.circuit.Execute(call)
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return result, b.paused
	}
	return result, err
}

func healthOf(err error) health {
	if failed, ok := errors.AsType[*fault](err); ok {
		return failed.health
	}
	return sick
}

func announce(c *Client, door *api, pause time.Duration) func(app string, from, to gobreaker.State) {
	return func(app string, _, to gobreaker.State) {
		ctx, log := context.Background(), c.log
		c.metrics.breaker(domain.AppID(app), door).Set(openness(to))
		switch to {
		case gobreaker.StateOpen:
			log.ErrorContext(ctx, "WeChat calls paused after repeated failures", "app_id", app, "api", door.name, "pause", pause)
		case gobreaker.StateHalfOpen:
			log.InfoContext(ctx, "WeChat call let through to try", "app_id", app, "api", door.name)
		case gobreaker.StateClosed:
			log.InfoContext(ctx, "WeChat calls resumed", "app_id", app, "api", door.name)
		}
	}
}
