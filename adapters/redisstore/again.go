package redisstore

import (
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// again sends once more what was on a connection when that broke, as all do when Redis is restarted. What was not answered in
// time is not sent again, which the driver would do: a Redis that hangs is to be known soon.
type again struct{}

var _ redis.Hook = again{}

// DialHook is redis.Hook's.
func (again) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook is redis.Hook's.
func (again) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if !broken(err) {
			return err
		}
		cmd.SetErr(nil)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook is redis.Hook's.
func (again) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		var lost []redis.Cmder
		for _, cmd := range cmds {
			if broken(cmd.Err()) {
				cmd.SetErr(nil)
				lost = append(lost, cmd)
			}
		}
		if len(lost) == 0 {
			return err
		}
		return next(ctx, lost)
	}
}

func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
