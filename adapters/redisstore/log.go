package redisstore

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// LogTo sends what the driver says by itself, such as every failed dial, to a logger at debug level; left alone it writes to
// standard error. The errors that the driver returns say the same. It holds for the whole process: call it once, before
// Connect.
func LogTo(logger *slog.Logger) { redis.SetLogger(driverLog{logger}) }

type driverLog struct{ logger *slog.Logger }

func (l driverLog) Printf(ctx context.Context, format string, args ...any) {
	if l.logger.Enabled(ctx, slog.LevelDebug) {
		l.logger.DebugContext(ctx, "redis driver", "text", fmt.Sprintf(format, args...))
	}
}
