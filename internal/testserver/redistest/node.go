package redistest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver"
)

// busOffset is how far a cluster node's second port lies from its first.
const busOffset = 10000

var clusterSettings = []string{"--cluster-enabled", "yes"}

// node is one server with a loopback port of its own, kept over restarts.
type node struct {
	testserver.Restartable
	program  string
	settings []string
	dir      string
	port     int
}

func newNode(program string, settings ...string) (*node, error) {
	port, err := testserver.FreePort(busOffset)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "menjin-redis-")
	if err != nil {
		return nil, err
	}
	return &node{program: program, settings: settings, dir: dir, port: port}, nil
}

func (n *node) url() string { return "redis://127.0.0.1:" + strconv.Itoa(n.port) }

func (n *node) start() error {
	args := append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(n.port), "--dir", n.dir,
		"--save", "", "--appendonly", "no", "--databases", "1024",
	}, n.settings...)
	return n.Restartable.Start(testserver.Spec{Path: n.program, Args: args, Dir: n.dir, Orphaned: "KILL"}, n.answers)
}

// answers makes sure that it is the server in dir that answers, not another one that took the port first.
func (n *node) answers() error {
	addr := "127.0.0.1:" + strconv.Itoa(n.port)
	conn, err := net.Dial("tcp", addr) // the client would retry, and log each time
	if err != nil {
		return err
	}
	_ = conn.Close() // it was only a question

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer client.Close()
	config, err := client.ConfigGet(ctx, "dir").Result()
	if err == nil && config["dir"] != n.dir {
		err = fmt.Errorf("port %d belongs to another server", n.port)
	}
	return err
}

// formCluster gives the lone node all slots and waits until it serves them, which takes Redis two seconds.
func formCluster(url string) error {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := client.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		return fmt.Errorf("give the node all slots: %w", err)
	}
	for {
		info, err := client.ClusterInfo(ctx).Result()
		if err != nil {
			return fmt.Errorf("wait for the cluster: %w", err)
		}
		if strings.Contains(info, "cluster_state:ok") {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func withDatabase(tb testing.TB, raw string, db int) string {
	tb.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		tb.Fatal("MENJIN_TEST_REDIS_URL is no URL")
	}
	if u.Scheme == "unix" {
		query := u.Query()
		query.Set("db", strconv.Itoa(db))
		u.RawQuery = query.Encode()
	} else {
		u.Path = "/" + strconv.Itoa(db)
	}
	return u.String()
}
