package redistest_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries = -1
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func size(t *testing.T, c *redis.Client) int64 {
	t.Helper()
	n, err := c.DBSize(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func set(t *testing.T, c *redis.Client, key string) {
	t.Helper()
	if err := c.Set(t.Context(), key, "open", 0).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestEachTestHasAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 5 {
		c := client(t, redistest.URL(t))
		if got := size(t, c); got != 0 {
			t.Fatalf("keys in a new database: got %d, want 0", got)
		}
		set(t, c, "gate")
	}
}

func TestDatabaseIsEmptiedAfterItsTest(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("inner", func(t *testing.T) {
		url = redistest.URL(t)
		set(t, client(t, url), "gate")
	})
	if url == "" {
		t.Skip("the inner test was skipped")
	}
	if got := size(t, client(t, url)); got != 0 {
		t.Errorf("keys left: got %d, want 0", got)
	}
}

func TestServerKeepsItsAddressOverStopAndKill(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	for _, end := range []func(){server.Stop, server.Kill} {
		c := client(t, server.URL())
		set(t, c, "gate")
		end()
		if err := c.Ping(t.Context()).Err(); err == nil {
			t.Error("a server that is down answered")
		}
		server.Start()
		if got := size(t, c); got != 0 {
			t.Errorf("keys after a restart: got %d, want 0", got)
		}
	}
}

func TestClusterRefusesCommandsAcrossSlots(t *testing.T) {
	t.Parallel()
	c := client(t, redistest.ClusterURL(t))
	set(t, c, "{redistest}:a")
	if err := c.MGet(t.Context(), "{redistest}:a", "{redistest}:b").Err(); err != nil {
		t.Errorf("keys of one slot: %v", err)
	}
	err := c.MGet(t.Context(), "{redistest}:a", "elsewhere").Err()
	if err == nil || !strings.Contains(err.Error(), "CROSSSLOT") {
		t.Errorf("keys of two slots: got %v, want CROSSSLOT", err)
	}
}

func TestClusterClientReachesTheNode(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseClusterURL(redistest.ClusterURL(t))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClusterClient(options)
	defer c.Close()
	if err := c.Set(t.Context(), "redistest:gate", "open", 0).Err(); err != nil {
		t.Errorf("set through a cluster client: %v", err)
	}
}
