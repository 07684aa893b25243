package stand

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/menjin-id/menjin/chaos/stage"
)

const masterName = "menjin"

// startSentinel starts a master, two copies of it, and three Sentinels of which two must agree.
func (s *Stand) startSentinel(ctx context.Context, notice time.Duration) (*Redis, error) {
	r := &Redis{}
	// A master that was cut off takes no more writes, which would be lost with it.
	settings := []string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "10"}
	for number := range Size {
		args := settings
		if number > 0 {
			args = append([]string{"--replicaof", "127.0.0.1 " + fmt.Sprint(r.Nodes[0].port)}, settings...)
		}
		node, err := s.node(fmt.Sprintf("redis-%d", number+1), args...)
		if err != nil {
			return nil, err
		}
		if err := node.Start(); err != nil {
			return nil, err
		}
		r.Nodes = append(r.Nodes, node)
	}
	var addresses []string
	for number := range Size {
		sentinel, err := s.sentinel(number, r.Nodes[0].port, notice)
		if err != nil {
			return nil, err
		}
		if err := sentinel.Start(); err != nil {
			return nil, err
		}
		r.Sentinels, addresses = append(r.Sentinels, sentinel), append(addresses, sentinel.Addr())
	}
	r.URL = "redis://" + strings.Join(addresses, ",") + "?master_name=" + masterName
	return r, stage.Until(ctx, "the Sentinels know each other", func() error { return r.know(ctx) })
}

func (s *Stand) sentinel(number, master int, notice time.Duration) (*Node, error) {
	name := fmt.Sprintf("sentinel-%d", number+1)
	n, err := s.node(name)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`bind 127.0.0.1
port %d
dir %s
sentinel monitor menjin 127.0.0.1 %d 2
sentinel down-after-milliseconds menjin %d
sentinel failover-timeout menjin 20000
sentinel parallel-syncs menjin 1
`, n.port, n.spec.Dir, master, notice.Milliseconds())
	path := filepath.Join(n.spec.Dir, "sentinel.conf")
	n.spec.Args = []string{path, "--sentinel"}
	return n, os.WriteFile(path, []byte(text), 0o600)
}

// know returns an error until every Sentinel has found the others and the copies.
func (r *Redis) know(ctx context.Context) error {
	for _, sentinel := range r.Sentinels {
		answer, err := sentinel.client.Do(ctx, "SENTINEL", "MASTER", masterName).Result()
		if err != nil {
			return err
		}
		fields, _ := answer.(map[any]any)
		if fmt.Sprint(fields["num-slaves"]) != "2" || fmt.Sprint(fields["num-other-sentinels"]) != "2" {
			return fmt.Errorf("the Sentinel at %s knows %v copies, %v others", sentinel.Addr(), fields["num-slaves"], fields["num-other-sentinels"])
		}
	}
	return r.Whole(ctx)
}

// AwaitWhole returns when everything is up and well.
func (s *Stand) AwaitWhole(ctx context.Context) error {
	return stage.Until(ctx, "everything is well", func() error { return s.Whole(ctx) })
}
