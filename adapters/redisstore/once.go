package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// once is for the servers of a Cluster: it keeps its client from sending again what was not answered in time, which the server may
// do yet. The client looks for a timeout in an error, so that is left as text alone.
type once struct{}

var _ redis.Hook = once{}

var errSilent = errors.New("no answer in time")

// DialHook is redis.Hook's.
func (once) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook is redis.Hook's.
func (once) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		var late interface{ Timeout() bool }
		if errors.As(err, &late) && late.Timeout() {
			return fmt.Errorf("%w: %s", errSilent, err.Error())
		}
		return err
	}
}

// ProcessPipelineHook is redis.Hook's. The client decides on batches below any hook.
func (once) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
