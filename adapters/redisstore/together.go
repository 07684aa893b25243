package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/trace"
)

// hot is a client for what every request and every sign-in asks.
type hot struct{ alone, together redis.UniversalClient }

func newHot(client redis.UniversalClient) hot { return hot{client, together(client)} }

// of returns who takes a command. For a request whose trace is recorded the command goes alone: a batch belongs to many requests, and has no place in one trace.
func (h hot) of(ctx context.Context) redis.UniversalClient {
	if trace.SpanContextFromContext(ctx).IsSampled() {
		return h.alone
	}
	return h.together
}

// batches is how many batches of commands may be under way to a server at once. One is enough for speed; the second is so that
// nobody waits behind an answer that is slow and not theirs.
const batches = 2

// together returns a client whose commands go out in one batch with those that others give at the same moment: under load the
// round trip costs the process and Redis more than the command does. A command that comes alone goes at once. It takes no
// notice of a cancelled context, and closes with the client.
func together(client redis.UniversalClient) redis.UniversalClient {
	single, ok := client.(interface {
		AutoPipelineWithOptions(options *redis.AutoPipelineOptions) (*redis.AutoPipeliner, error)
	})
	if !ok {
		return client
	}
	options := redis.DefaultBlockingAutoPipelineOptions()
	options.MaxConcurrentBatches, options.Unordered = batches, true
	batched, err := single.AutoPipelineWithOptions(options)
	if err != nil { // a client that is closed answers nothing either way
		return client
	}
	return batched
}
