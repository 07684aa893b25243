package stack

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// AwaitReady returns when /health/ready says yes.
func AwaitReady(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health/ready", http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s is ready: %w", addr, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
