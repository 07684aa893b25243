// Package redistest gives tests a real Redis, or Valkey, of their own.
//
// The server is started once per test process and ends with it; MENJIN_TEST_REDIS_URL names one to use instead,
// whose databases from 1 on are emptied. Without either the test is skipped, or fails under
// MENJIN_TEST_REQUIRE=all.
package redistest

import (
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// URL returns the redis:// URL of an empty database that belongs to tb alone until it ends.
func URL(tb testing.TB) string {
	tb.Helper()
	testserver.SkipShort(tb)
	url := os.Getenv("MENJIN_TEST_REDIS_URL")
	if url == "" {
		url = shared(tb, sharedServer)
	}
	return lease(tb, url)
}

// ClusterURL returns the redis:// URL of a Redis Cluster whose only node holds all slots, so that commands over
// several keys fail there as they would on a large one. All tests of a process share it: use keys that no other
// test has.
func ClusterURL(tb testing.TB) string {
	tb.Helper()
	testserver.SkipShort(tb)
	return shared(tb, sharedCluster)
}

// The shared servers have an empty URL where Redis is not installed. Nobody stops them: they end with the process.
var (
	sharedServer  = sync.OnceValues(func() (string, error) { return start() })
	sharedCluster = sync.OnceValues(func() (string, error) {
		url, err := start(clusterSettings...)
		if url == "" || err != nil {
			return "", err
		}
		return url, formCluster(url)
	})
)

func shared(tb testing.TB, server func() (string, error)) string {
	tb.Helper()
	url, err := server()
	if err != nil {
		tb.Fatal(err)
	}
	if url == "" {
		missing(tb)
	}
	return url
}

func start(settings ...string) (string, error) {
	program, found := find()
	if !found {
		return "", nil
	}
	n, err := newNode(program, settings...)
	if err != nil {
		return "", err
	}
	return n.url(), n.start()
}

func missing(tb testing.TB) {
	tb.Helper()
	testserver.Missing(tb, "Redis", "redis-server")
}

func find() (program string, found bool) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}
