package stand

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/menjin-id/menjin/chaos/stage"
)

const slots = 16384

// startCluster starts three masters that share the slots, and a copy of each.
func (s *Stand) startCluster(ctx context.Context, notice time.Duration) (*Redis, error) {
	r := &Redis{}
	var addresses []string
	for number := range 2 * Size {
		node, err := s.node(fmt.Sprintf("redis-%d", number+1), "--cluster-enabled", "yes",
			"--cluster-node-timeout", strconv.FormatInt(notice.Milliseconds(), 10),
			"--cluster-require-full-coverage", "no") // whose slots have a master goes on
		if err != nil {
			return nil, err
		}
		if err := node.Start(); err != nil {
			return nil, err
		}
		r.Nodes, addresses = append(r.Nodes, node), append(addresses, node.Addr())
	}
	r.URL = "redis://" + strings.Join(addresses, ",")
	return r, r.form(ctx)
}

func (r *Redis) form(ctx context.Context) error {
	for number, node := range r.Nodes {
		if err := node.client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", number+1).Err(); err != nil {
			return fmt.Errorf("form the Redis Cluster: %w", err)
		}
		if number < Size {
			first, last := number*slots/Size, (number+1)*slots/Size-1
			if err := node.client.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
				return fmt.Errorf("form the Redis Cluster: %w", err)
			}
		}
		if err := node.client.ClusterMeet(ctx, "127.0.0.1", strconv.Itoa(r.Nodes[0].port)).Err(); err != nil {
			return fmt.Errorf("form the Redis Cluster: %w", err)
		}
	}
	for number, copy := range r.Nodes[Size:] {
		id, err := r.Nodes[number].client.ClusterMyID(ctx).Result()
		if err != nil {
			return fmt.Errorf("form the Redis Cluster: %w", err)
		}
		if err := stage.Until(ctx, "the nodes know each other", func() error { return copy.client.ClusterReplicate(ctx, id).Err() }); err != nil {
			return err
		}
	}
	return stage.Until(ctx, "the Redis Cluster works", func() error {
		for _, node := range r.Nodes {
			info, err := node.client.ClusterInfo(ctx).Result()
			if err != nil {
				return err
			}
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_known_nodes:6") {
				return fmt.Errorf("the node at %s is not in it yet", node.Addr())
			}
		}
		return r.Whole(ctx)
	})
}
