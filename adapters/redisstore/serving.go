package redisstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

var errNobodyServes = errors.New("no master of the Cluster serves")

// serving returns an error unless a master serves. One that is cut off from most others answers a ping, and nothing else.
func serving(ctx context.Context, cluster *redis.ClusterClient) error {
	var serves atomic.Bool
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		state, err := master.ClusterInfo(ctx).Result()
		if strings.Contains(state, "cluster_state:ok") {
			serves.Store(true)
		}
		return err
	})
	if serves.Load() {
		return nil
	}
	if err == nil {
		err = errNobodyServes
	}
	return err
}

// away reports whether a server said nothing, or that it serves nobody, as against refusing what it was asked.
func away(err error) bool {
	var said redis.Error
	return !errors.As(err, &said) || redis.IsClusterDownError(err) || redis.IsLoadingError(err)
}

// others knows whether any master of a Cluster serves. It asks when one is said to be away, for all who want to know in the same
// second.
type others struct {
	cluster *redis.ClusterClient
	mu      sync.Mutex
	asked   time.Time
	serving bool
}

const (
	othersKnown = time.Second // for how long
	othersAsked = time.Second // at most, so that nobody waits long when all hang
)

func (o *others) serve(ctx context.Context) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked.IsZero() || time.Since(o.asked) > othersKnown {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), othersAsked) // it is for all
		defer cancel()
		o.serving = serving(ctx, o.cluster) == nil
		o.asked = time.Now()
	}
	return o.serving
}
