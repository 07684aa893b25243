package stage

import (
	"context"
	"fmt"
	"time"
)

// Until asks again and again, for a minute at most, and returns what was wrong last.
func Until(ctx context.Context, what string, is func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := is()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
