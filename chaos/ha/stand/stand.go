// Package stand sets up what the high-availability trial harms: three replicas of the service behind nginx, PostgreSQL, Redis by
// Sentinel or Cluster, and three NATS servers. All of them are real and on loopback, and nothing is left of them.
package stand

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/menjin-id/menjin/bench/child"
	"github.com/menjin-id/menjin/chaos/stage"
	"github.com/menjin-id/menjin/internal/testserver"
)

// Size is how many replicas there are, and how many NATS servers.
const Size = 3

// Settings say what to set up.
type Settings struct {
	Redis   string        // Sentinel or Cluster
	Notice  time.Duration // after which Redis takes a silent server for dead
	Program string        // of the replicas to begin with; empty: this one
}

// Stand is everything that runs. It is not for concurrent use.
type Stand struct {
	*stage.Stage
	Postgres *stage.Postgres
	Redis    *Redis
	NATS     *stage.Cluster
	Replicas []*Replica
	URL      string // of nginx

	weChat string
	data   string // the folder of keys that the replicas share
}

// New starts everything and returns when it works. Close ends it.
func New(ctx context.Context, settings Settings) (*Stand, error) {
	scene, err := stage.New()
	if err != nil {
		return nil, err
	}
	s := &Stand{Stage: scene}
	if err := s.set(ctx, settings); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stand) set(ctx context.Context, settings Settings) (err error) {
	if s.data, err = s.Folder("keys"); err != nil {
		return err
	}
	if s.Postgres, err = s.Stage.Postgres(ctx); err != nil {
		return err
	}
	if s.NATS, err = s.Cluster(ctx, Size); err != nil {
		return err
	}
	if s.Redis, err = s.startRedis(ctx, settings.Redis, settings.Notice); err != nil {
		return err
	}
	if s.weChat, err = s.startWeChat(); err != nil {
		return err
	}
	for number := range Size {
		replica, err := s.replica(number, settings.Program)
		if err != nil {
			return err
		}
		s.Replicas = append(s.Replicas, replica)
		if err := replica.Start(); err != nil {
			return err
		}
	}
	s.URL, err = s.startNginx()
	return err
}

// startWeChat starts a look-alike that knows everybody.
func (s *Stand) startWeChat() (string, error) {
	addr, err := freeAddr()
	if err != nil {
		return "", err
	}
	return "http://" + addr, s.own("wechat", addr, child.Mark, child.Lookalike, addr)
}

// own starts this program in one of its parts.
func (s *Stand) own(name, addr string, args ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := s.Folder(name)
	if err != nil {
		return err
	}
	process, err := testserver.Run(testserver.Spec{Path: program, Args: args, Dir: dir, Orphaned: "KILL"}, func() error { return dial(addr) })
	if err == nil {
		s.OnClose(process.Kill)
	}
	return err
}

// Whole returns an error until every replica says that it and all it depends on are well.
func (s *Stand) Whole(ctx context.Context) error {
	for _, replica := range s.Replicas {
		if err := replica.isReady(ctx); err != nil {
			return err
		}
	}
	return s.Redis.Whole(ctx)
}

func freeAddr() (string, error) {
	port, err := testserver.FreePort()
	return loopback(port), err
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func dial(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

func get(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	return client.Do(request)
}

// Root is the folder of the module, where the shipped configuration lies.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Stat(filepath.Join(up, "deployments", "nginx", "menjin.conf")); err == nil {
			return up, nil
		}
		if up == filepath.Dir(up) {
			return "", fmt.Errorf("find deployments/nginx above %s: run it inside the repository", dir)
		}
	}
}
