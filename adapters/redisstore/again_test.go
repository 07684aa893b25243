package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestOnlyWhatWasOnABrokenConnectionIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		again bool
	}{
		"closed":       {io.EOF, true},
		"reset":        {fmt.Errorf("read: %w", syscall.ECONNRESET), true},
		"broken pipe":  {fmt.Errorf("write: %w", syscall.EPIPE), true},
		"not in time":  {fmt.Errorf("read: %w", os.ErrDeadlineExceeded), false},
		"refused":      {fmt.Errorf("dial: %w", syscall.ECONNREFUSED), false},
		"said by it":   {errors.New("ERR wrong"), false},
		"nothing":      {redis.Nil, false},
		"nothing else": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent [][]redis.Cmder
			fail := func(cmds ...redis.Cmder) error {
				sent = append(sent, cmds)
				if len(sent) == 1 {
					cmds[len(cmds)-1].SetErr(test.err)
					return test.err
				}
				return nil
			}
			one := redis.NewCmd(t.Context(), "get", "a")
			process := again{}.ProcessHook(func(_ context.Context, cmd redis.Cmder) error { return fail(cmd) })
			if err := process(t.Context(), one); len(sent) == 2 != test.again || (err == nil) != (test.again || test.err == nil) {
				t.Errorf("alone: sent %d times, %v, want twice: %t", len(sent), err, test.again)
			}
			sent = nil
			answered, lost := redis.NewCmd(t.Context(), "get", "a"), redis.NewCmd(t.Context(), "get", "b")
			batch := again{}.ProcessPipelineHook(func(_ context.Context, cmds []redis.Cmder) error { return fail(cmds...) })
			_ = batch(t.Context(), []redis.Cmder{answered, lost}) // each command has its own error
			if len(sent) == 2 != test.again || lost.Err() != nil == test.again && test.err != nil {
				t.Errorf("together: sent %d times, %v, want twice: %t", len(sent), lost.Err(), test.again)
			}
			if test.again && (len(sent[1]) != 1 || sent[1][0] != redis.Cmder(lost)) {
				t.Errorf("together: sent %v again, want what had no answer", sent[1])
			}
		})
	}
}
