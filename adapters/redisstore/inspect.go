package redisstore

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Inspection is what an operator wants to know of a Redis.
type Inspection struct {
	Version  string
	Clock    time.Time
	Eviction string // maxmemory-policy
}

// Inspect looks and changes nothing. It returns domain.ErrUnavailable when Redis does not answer.
func Inspect(ctx context.Context, client redis.UniversalClient) (found Inspection, err error) {
	if found.Clock, err = client.Time(ctx).Result(); err != nil {
		return found, translate(ctx, "ask Redis for the time", err)
	}
	text, err := client.Info(ctx).Result()
	if err != nil {
		return found, translate(ctx, "ask Redis for its state", err)
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "redis_version":
			found.Version = value
		case "maxmemory_policy":
			found.Eviction = value
		}
	}
	return found, nil
}
