package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	fetchWait = 5 * time.Second
	maxKeySet = 64 << 10

	// How long keys are taken as fresh: as the service says, within bounds that hold for a proxy in between that says otherwise.
	defaultFresh = 5 * time.Minute
	minFresh     = 10 * time.Second
	maxFresh     = time.Hour
)

// fetch returns the same set when it has not changed, and what was proven with it stays proven.
func (c *keyCache) fetch(ctx context.Context, last *keySet) (*keySet, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch token keys: %w", err)
	}
	if last != nil && last.etag != "" {
		request.Header.Set("If-None-Match", last.etag)
	}
	response, err := c.options.Client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch token keys: %w", err)
	}
	defer response.Body.Close()
	fresh := min(freshFor(response.Header.Get("Cache-Control")), c.options.KeysMaxAge)
	if response.StatusCode == http.StatusNotModified && last != nil {
		return last, fresh, nil
	}
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("fetch token keys: status %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil || len(text) > maxKeySet {
		return nil, 0, errors.Join(errors.New("fetch token keys: the answer is cut or too long"), err)
	}
	etag := response.Header.Get("ETag")
	if last != nil && last.text == string(text) && last.etag == etag {
		return last, fresh, nil
	}
	next, err := parseKeys(text)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch token keys: %w", err)
	}
	next.text, next.etag = string(text), etag
	return next, fresh, nil
}

func freshFor(cacheControl string) time.Duration {
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				return min(max(time.Duration(seconds)*time.Second, minFresh), maxFresh)
			}
		}
	}
	return defaultFresh
}
