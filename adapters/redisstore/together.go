package redisstore

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/trace"
)

// hot is a client for what every request and every sign-in asks. In a Cluster each server has batches of its own, so that nobody
// waits for a server that does not answer but those whose keys it has.
type hot struct {
	alone, together redis.UniversalClient
	cluster         *redis.ClusterClient // nil where one server has all keys
}

func newHot(client redis.UniversalClient) hot {
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return hot{alone: client, cluster: cluster}
	}
	return hot{alone: client, together: together(client)}
}

// do has a command sent by whoever takes those of a key, and again where that was the wrong server. For a request whose trace is
// recorded the command goes alone: a batch belongs to many requests, and has no place in one trace.
func (h hot) do(ctx context.Context, key string, command func(client redis.UniversalClient) error) error {
	if trace.SpanContextFromContext(ctx).IsSampled() {
		return command(h.alone)
	}
	if h.cluster == nil {
		return command(h.together)
	}
	server, err := h.cluster.MasterForKey(ctx, key)
	if err != nil {
		return err
	}
	if err = command(together(server)); wrongServer(err) {
		return command(h.alone)
	}
	return err
}

// wrongServer reports whether a server of a Cluster sends on to another, or has left it.
func wrongServer(err error) bool {
	for _, prefix := range []string{"MOVED", "ASK", "TRYAGAIN", "READONLY"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return broken(err) || errors.Is(err, redis.ErrClosed)
}

// batches is how many batches of commands may be under way to a server at once. One is enough for speed; the second is so that
// nobody waits behind an answer that is slow and not theirs.
const batches = 2

var batching = func() *redis.AutoPipelineOptions {
	options := redis.DefaultBlockingAutoPipelineOptions()
	options.MaxConcurrentBatches, options.Unordered = batches, true
	return options
}()

// together returns a client whose commands go out in one batch with those that others give at the same moment: under load the
// round trip costs the process and Redis more than the command does. A command that comes alone goes at once. It takes no
// notice of a cancelled context, is the same one each time, and closes with the client.
func together(client redis.UniversalClient) redis.UniversalClient {
	single, ok := client.(interface {
		AutoPipelineWithOptions(options *redis.AutoPipelineOptions) (*redis.AutoPipeliner, error)
	})
	if !ok {
		return client
	}
	batched, err := single.AutoPipelineWithOptions(batching)
	if err != nil { // a client that is closed answers nothing either way
		return client
	}
	return batched
}
