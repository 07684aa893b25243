package redisstore_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// sentinel starts a Sentinel that knows the server at a URL as master "main", and returns its address.
func sentinel(t *testing.T, master string) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		testserver.Missing(t, "Redis Sentinel", "redis-server")
	}
	watched, err := url.Parse(master)
	if err != nil {
		t.Fatal(err)
	}
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n", port, dir, watched.Port())
	config := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	client := redis.NewSentinelClient(&redis.Options{Addr: address})
	t.Cleanup(func() { _ = client.Close() })
	process, err := testserver.Run(
		testserver.Spec{Path: program, Args: []string{config, "--sentinel"}, Dir: dir, Orphaned: "KILL"},
		func() error { return client.GetMasterAddrByName(t.Context(), "main").Err() },
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	return address
}

func TestSessionsLiveBehindSentinel(t *testing.T) {
	t.Parallel()
	master := redistest.NewServer(t)
	s := newSetup(t, "redis://"+sentinel(t, master.URL())+"?master_name=main", limits)
	_, session := s.open(t)
	if err := s.touch(t, session); err != nil {
		t.Errorf("touch: %v", err)
	}
	if got := s.client.DBSize(t.Context()).Val(); got != 3 {
		t.Errorf("keys on the master: got %d, want 3", got)
	}
	master.Kill()
	wantUnavailable(t, "touch without a master", func() error {
		return s.touch(t, session)
	})
}
