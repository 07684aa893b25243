package bootstrap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

func TestRedisThatMayForgetIsFound(t *testing.T) {
	t.Parallel()
	url := redistest.NewServer(t).URL()
	w := admit(t, map[string]string{"sessions.url": url})
	for _, step := range []struct {
		name, value string
		verdict     verdict
		word        string
	}{
		{"maxmemory-policy", "allkeys-lru", verdictWarn, "may evict keys (allkeys-lru)"},
		{"maxmemory-policy", "volatile-ttl", verdictWarn, "may evict keys (volatile-ttl)"},
		{"maxmemory-policy", "noeviction", verdictWarn, "writes nothing to its disk"},
		{"save", "60 1", verdictOK, "Redis "},
		{"save", "", verdictWarn, "writes nothing to its disk"},
		{"appendonly", "yes", verdictOK, "Redis "},
	} {
		configure(t, url, step.name, step.value)
		wants(t, step.name+" "+step.value, w.checkRedis(t.Context()), step.verdict, step.word)
	}
}

func TestRedisThatCannotWriteToItsDiskIsFound(t *testing.T) {
	t.Parallel()
	url := redistest.NewServer(t).URL()
	w := admit(t, map[string]string{"sessions.url": url})
	configure(t, url, "save", "3600 1")
	wants(t, "before", w.checkRedis(t.Context()), verdictOK, "Redis ")
	failSnapshot(t, url)
	wants(t, "refusing writes", w.checkRedis(t.Context()), verdictFail, "unable to persist to disk")
	configure(t, url, "stop-writes-on-bgsave-error", "no")
	wants(t, "taking writes", w.checkRedis(t.Context()), verdictWarn, "could not write to its disk")
}

// failSnapshot puts a folder where a Redis of the test's own writes its snapshot, and waits until that has failed.
func failSnapshot(t *testing.T, url string) {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	place, err := client.ConfigGet(t.Context(), "d*").Result() // dir and dbfilename
	if err == nil {
		err = os.Mkdir(filepath.Join(place["dir"], place["dbfilename"]), 0o700)
	}
	if err == nil {
		err = client.BgSave(t.Context()).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		state, err := client.Info(t.Context(), "persistence").Result()
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the snapshot does not fail: %v\n%s", err, state)
		}
		if strings.Contains(state, "rdb_last_bgsave_status:err") {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
}
