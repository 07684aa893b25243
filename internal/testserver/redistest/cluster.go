package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver"
)

// masters is how many masters a Cluster has, and copies of them.
const masters = 3

const slots = 16384

// Cluster is a Redis Cluster of one test's own: three masters that share the slots, and a copy of each. It keeps nothing on disk.
// Its methods are not for concurrent use and fail the test by themselves.
type Cluster struct {
	tb    testing.TB
	nodes []*node // the masters, then their copies
}

// NewCluster starts a Cluster that ends with tb. A master that is silent for as long as notice says is taken for dead, and a copy
// takes its place.
func NewCluster(tb testing.TB, notice time.Duration) *Cluster {
	tb.Helper()
	testserver.SkipShort(tb)
	program, found := find()
	if !found {
		missing(tb)
	}
	c := &Cluster{tb: tb}
	for range 2 * masters {
		n, err := newNode(program, append(clusterSettings,
			"--cluster-node-timeout", strconv.FormatInt(notice.Milliseconds(), 10), "--cluster-replica-validity-factor", "0",
			"--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0")...)
		if err != nil {
			tb.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
		tb.Cleanup(func() {
			n.Kill()
			_ = os.RemoveAll(n.dir) // a leftover in the temporary folder is no reason to fail
		})
		if err := n.start(); err != nil {
			tb.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	if err := c.form(ctx); err != nil {
		tb.Fatal(err)
	}
	return c
}

// URL names all servers.
func (c *Cluster) URL() string {
	var hosts []string
	for _, n := range c.nodes {
		hosts = append(hosts, strings.TrimPrefix(n.url(), "redis://"))
	}
	return "redis://" + strings.Join(hosts, ",")
}

// MasterOf is the number of the master that has a key's slot as long as none has died.
func (c *Cluster) MasterOf(key string) int {
	c.tb.Helper()
	var master int
	err := c.on(0, func(client *redis.Client) error {
		slot, err := client.ClusterKeySlot(c.tb.Context(), key).Result()
		master = int(slot) * masters / slots
		return err
	})
	if err != nil {
		c.tb.Fatal(err)
	}
	return master
}

// Kill ends a master as a crash would.
func (c *Cluster) Kill(master int) { c.nodes[master].Kill() }

// Pause makes a master stand still.
func (c *Cluster) Pause(master int) {
	c.tb.Helper()
	if err := c.nodes[master].Process().Pause(); err != nil {
		c.tb.Fatal(err)
	}
}

// Notice changes after how long a silent master is taken for dead, so that a test can first look at what holds until then.
func (c *Cluster) Notice(after time.Duration) {
	c.tb.Helper()
	for number, n := range c.nodes {
		if !n.Up() {
			continue
		}
		err := c.on(number, func(client *redis.Client) error {
			return client.ConfigSet(c.tb.Context(), "cluster-node-timeout", strconv.FormatInt(after.Milliseconds(), 10)).Err()
		})
		if err != nil {
			c.tb.Fatal(err)
		}
	}
}

func (c *Cluster) form(ctx context.Context) error {
	for number := range c.nodes {
		err := c.on(number, func(client *redis.Client) error {
			if err := client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", number+1).Err(); err != nil {
				return err
			}
			if number < masters {
				first, last := firstSlot(number), firstSlot(number+1)-1
				if err := client.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
					return err
				}
			}
			return client.ClusterMeet(ctx, "127.0.0.1", strconv.Itoa(c.nodes[0].port)).Err()
		})
		if err != nil {
			return fmt.Errorf("form the cluster: %w", err)
		}
	}
	for number := range masters {
		if err := c.copy(ctx, number); err != nil {
			return fmt.Errorf("form the cluster: %w", err)
		}
	}
	for number := range c.nodes {
		if err := until(ctx, func() error { return c.on(number, isWhole) }); err != nil {
			return fmt.Errorf("wait for the cluster: %w", err)
		}
	}
	return nil
}

// firstSlot is where the share of a master begins: MasterOf divides in the same way.
func firstSlot(master int) int { return (master*slots + masters - 1) / masters }

// copy makes a node the copy of a master, once it knows it.
func (c *Cluster) copy(ctx context.Context, master int) error {
	var id string
	err := c.on(master, func(client *redis.Client) (err error) {
		id, err = client.ClusterMyID(ctx).Result()
		return err
	})
	if err != nil {
		return err
	}
	return until(ctx, func() error {
		return c.on(masters+master, func(client *redis.Client) error { return client.ClusterReplicate(ctx, id).Err() })
	})
}

// isWhole returns an error until a node serves with all others, and follows its master where it is a copy.
func isWhole(client *redis.Client) error {
	state, err := client.ClusterInfo(context.Background()).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(state, "cluster_state:ok") || !strings.Contains(state, "cluster_known_nodes:6") {
		return errors.New("a node is not in it yet")
	}
	state, err = client.Info(context.Background(), "replication").Result()
	if err == nil && !strings.Contains(state, "connected_slaves:1") && !strings.Contains(state, "master_link_status:up") {
		err = errors.New("a node has no copy yet, or follows nobody")
	}
	return err
}

func (c *Cluster) on(number int, do func(client *redis.Client) error) error {
	client := redis.NewClient(&redis.Options{
		Addr: strings.TrimPrefix(c.nodes[number].url(), "redis://"), MaxRetries: -1, DialTimeout: time.Minute, ReadTimeout: time.Minute,
	})
	defer client.Close()
	return do(client)
}

func until(ctx context.Context, is func() error) error {
	for {
		err := is()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
