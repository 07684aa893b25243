package verifier

import (
	"context"
	"sync"
	"time"
)

const fetchPause = 5 * time.Second // between two fetches, whatever tokens ask for

// keyCache fetches the keys when they are needed, one fetch at a time. Nothing runs in between.
type keyCache struct {
	url     string
	options *Options

	fetching sync.Mutex // held for the length of a fetch
	mu       sync.Mutex
	set      *keySet
	fetched  time.Time // when the set was last confirmed
	fresh    time.Duration
	tried    time.Time
	failure  error // of the last try
}

func newKeyCache(url string, options *Options) *keyCache {
	return &keyCache{url: url, options: options}
}

// current returns the keys of now. When they are not fresh any more, one caller fetches them and the others use the old ones.
func (c *keyCache) current(ctx context.Context) (*keySet, error) {
	set, age, fresh, _ := c.look()
	if set != nil && age < fresh {
		return set, nil
	}
	usable := set != nil && age < c.options.KeysMaxAge
	if !usable {
		c.fetching.Lock()
	} else if !c.fetching.TryLock() {
		return set, nil
	}
	c.refresh(ctx, func(set *keySet, age, fresh time.Duration) bool { return set == nil || age >= fresh })
	c.fetching.Unlock()
	set, age, _, failure := c.look()
	if set == nil || age >= c.options.KeysMaxAge {
		return nil, unavailable("the service's keys cannot be had", failure)
	}
	return set, nil
}

// find returns a key by its id. For one that is not known the keys are fetched, as it may be new. Where that cannot be, or is too
// soon, only keys that were fetched after the token came can tell that it has none.
func (c *keyCache) find(ctx context.Context, id string, came time.Time) (key, error) {
	set, _, _, _ := c.look()
	if found, known := set.get(id); known {
		return found, nil
	}
	c.fetching.Lock()
	c.refresh(ctx, func(set *keySet, _, _ time.Duration) bool { _, known := set.get(id); return !known })
	c.fetching.Unlock()
	c.mu.Lock()
	set, fetched, failure := c.set, c.fetched, c.failure
	c.mu.Unlock()
	found, known := set.get(id)
	switch {
	case known:
		return found, nil
	case failure != nil: // it may be a key that the service has and that is not here yet
		return key{}, unavailable("the service's keys cannot be had", failure)
	case fetched.Before(came):
		return key{}, unavailable("the service's keys were asked for a moment ago", nil)
	}
	return key{}, errHeader
}

func (c *keyCache) look() (set *keySet, age, fresh time.Duration, failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.set, time.Since(c.fetched), c.fresh, c.failure
}

// refresh fetches the keys when they are still needed after the wait for another's fetch, and not too soon after the last one.
// Only the holder of fetching calls it.
func (c *keyCache) refresh(ctx context.Context, needed func(set *keySet, age, fresh time.Duration) bool) {
	set, age, fresh, _ := c.look()
	if !needed(set, age, fresh) || (!c.tried.IsZero() && time.Since(c.tried) < fetchPause) {
		return
	}
	c.tried = time.Now()
	// A caller that goes away must not spoil the one fetch of these seconds for the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchWait)
	defer cancel()
	next, fresh, err := c.fetch(ctx, set)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
	if err == nil {
		c.set, c.fetched, c.fresh = next, c.tried, fresh
		return
	}
	c.options.Log.WarnContext(ctx, "token keys cannot be fetched", "url", c.url, "error", err)
}
