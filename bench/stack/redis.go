package stack

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Redis is a server that keeps nothing on disk.
type Redis struct {
	URL string
	PID int
}

// Redis starts Redis, or Valkey.
func (s *Stack) Redis() (*Redis, error) {
	program, err := findRedis()
	if err != nil {
		return nil, err
	}
	dir, err := s.Folder("redis")
	if err != nil {
		return nil, err
	}
	port, err := testserver.FreePort()
	if err != nil {
		return nil, err
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	pidFile := filepath.Join(dir, "redis.pid")
	_, err = s.run(testserver.Spec{
		Path: program, Dir: dir, Orphaned: "KILL",
		Args: []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--save", "", "--appendonly", "no", "--pidfile", pidFile},
	}, func() error {
		if err := dial(addr); err != nil { // the client would retry, and log each time
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
		defer client.Close()
		return client.Ping(ctx).Err()
	})
	if err != nil {
		return nil, err
	}
	pid, err := readPID(pidFile)
	return &Redis{URL: "redis://" + addr, PID: pid}, err
}

func findRedis() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("Redis is not installed: install the package redis-server (sh tools/testdeps.sh does)")
}
