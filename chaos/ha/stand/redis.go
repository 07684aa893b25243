package stand

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/chaos/stage"
	"github.com/menjin-id/menjin/internal/testserver"
)

// The ways in which Redis goes on when a server of it dies.
const (
	Sentinel = "sentinel"
	Cluster  = "cluster"
)

// busOffset is how far a cluster node's second port lies from its first.
const busOffset = 10000

// Redis is servers of which one may die.
type Redis struct {
	URL       string // as the service is told
	Nodes     []*Node
	Sentinels []*Node // none for a Cluster
}

// Node is one server, on the same port and files however often it dies.
type Node struct {
	testserver.Restartable
	port   int
	spec   testserver.Spec
	client *redis.Client
}

// node prepares a server and does not start it.
func (s *Stand) node(name string, args ...string) (*Node, error) {
	program, err := findRedis()
	if err != nil {
		return nil, err
	}
	dir, err := s.Folder(name)
	if err != nil {
		return nil, err
	}
	port, err := testserver.FreePort(busOffset)
	if err != nil {
		return nil, err
	}
	n := &Node{port: port, client: redis.NewClient(&redis.Options{
		Addr: loopback(port), MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second, PoolSize: 2,
	})}
	// What is answered is on file: a server that is killed comes back with it.
	args = append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--appendonly", "yes", "--save", "", "--repl-diskless-sync-delay", "0",
	}, args...)
	n.spec = testserver.Spec{Path: program, Args: args, Dir: dir, Orphaned: "KILL"}
	s.OnClose(func() { n.Kill(); _ = n.client.Close() })
	return n, nil
}

// Addr is host and port.
func (n *Node) Addr() string { return loopback(n.port) }

// Start starts the server unless it is up, and returns when it answers.
func (n *Node) Start() error {
	return n.Restartable.Start(n.spec, func() error {
		if err := dial(n.Addr()); err != nil { // the client would retry, and log each time
			return err
		}
		return n.client.Ping(context.Background()).Err()
	})
}

// isMaster reports whether the server takes itself for one.
func (n *Node) isMaster(ctx context.Context) bool {
	info, err := n.client.Info(ctx, "replication").Result()
	return err == nil && strings.Contains(info, "role:master")
}

func (n *Node) copies(ctx context.Context) bool {
	info, err := n.client.Info(ctx, "replication").Result()
	return err == nil && strings.Contains(info, "role:slave") && strings.Contains(info, "master_link_status:up")
}

// Master returns a server that writes go to.
func (r *Redis) Master(ctx context.Context) (*Node, error) { return r.find(ctx, (*Node).isMaster) }

// Copy returns a server that follows another.
func (r *Redis) Copy(ctx context.Context) (*Node, error) { return r.find(ctx, (*Node).copies) }

// find looks again where nobody answers for himself: under load one that is well is late now and then.
func (r *Redis) find(ctx context.Context, is func(*Node, context.Context) bool) (found *Node, err error) {
	err = stage.Until(ctx, "the server of Redis is found", func() error {
		for _, node := range r.Nodes {
			if is(node, ctx) {
				found = node
				return nil
			}
		}
		return errors.New("there is none")
	})
	return found, err
}

// Whole returns an error while any server that is up is neither a master nor follows one, or there are too few or too many masters.
func (r *Redis) Whole(ctx context.Context) error {
	masters := 0
	for _, node := range r.Nodes {
		switch {
		case !node.Up():
		case node.isMaster(ctx):
			masters++
		case !node.copies(ctx):
			return fmt.Errorf("the Redis at %s follows nobody yet", node.Addr())
		}
	}
	if want := r.masters(); masters != want {
		return fmt.Errorf("there are %d masters, want %d", masters, want)
	}
	return nil
}

func (r *Redis) masters() int {
	if len(r.Sentinels) > 0 {
		return 1
	}
	return Size
}

func (s *Stand) startRedis(ctx context.Context, kind string, notice time.Duration) (*Redis, error) {
	if kind == Cluster {
		return s.startCluster(ctx, notice)
	}
	return s.startSentinel(ctx, notice)
}

func findRedis() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Clean(path), nil
		}
	}
	return "", errors.New("Redis is not installed: install the package redis-server (sh tools/testdeps.sh does)")
}
