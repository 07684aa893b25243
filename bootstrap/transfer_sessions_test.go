package bootstrap_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

func TestTransferNamesTheSessionThatDiffersInRedis(t *testing.T) {
	t.Parallel()
	w, url := startWeChat(t), redistest.URL(t)
	old := local(t).with(w.settings())
	one, _, _ := settled(t, old, w)
	target := old.with(settings{"database.url": pgtest.New(t, nil), "sessions.url": url})
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	set := func(key, value string) {
		t.Helper()
		if err := client.SetArgs(t.Context(), key, value, redis.SetArgs{KeepTTL: true}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	differs := func(session, what string, args ...string) {
		t.Helper()
		status, _, log := run(t, target, args...)
		if status != 2 || !strings.Contains(log, session) || !strings.Contains(log, what) {
			t.Errorf("%v: got status %d, want 2 with session %s and %q\n%s", args, status, session, what, log)
		}
	}

	// What ended in the old installation between two runs would be alive in the new one.
	stranger := "refresh:{" + uuid.NewString() + "}:" + one.SessionID
	if err := client.Set(t.Context(), stranger, "left over", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	differs(one.SessionID, "only Redis has it; has anybody", "transfer")
	if status, _, log := run(t, target, "serve"); status != 1 || !strings.Contains(log, "run menjin transfer again") {
		t.Errorf("serve after it: got status %d, want 1 and what to do\n%s", status, log)
	}
	client.Del(t.Context(), stranger)
	says(t, target, []string{"transfer"}, "Redis", "sessions, compared", "everything is there")

	keys, err := client.Keys(t.Context(), "refresh:*:"+one.SessionID).Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("the session in Redis: got %v, %v", keys, err)
	}
	key := keys[0]
	record, err := client.Get(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	set(key, strings.Replace(record, " user\n", " admin\n", 1))
	differs(one.SessionID, "Roles differs", "transfer", "--verify")
	set(key, record)
	says(t, target, []string{"transfer", "--verify"}, "everything is there still")
	client.Del(t.Context(), key)
	differs(one.SessionID, "does not have it", "transfer", "--verify")
}

func TestTransferKilledAmongSessionsGoesOn(t *testing.T) {
	t.Parallel()
	random, w, url := seeded(t), startWeChat(t), redistest.URL(t)
	old := local(t).with(w.settings())
	one, _, _ := settled(t, old, w)
	fill(t, old["data_dir"], "sessions")
	target := old.with(settings{"database.url": pgtest.New(t, nil), "sessions.url": url})
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	for range 2 {
		const keys = 3 * crowdedRows // of a session that is live
		if err := client.FlushDB(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		p, moment := launch(t, target, "transfer"), random.Int64N(keys/2)
		eventually(t, "sessions are there", func() bool {
			return p.hasEnded() || client.DBSize(t.Context()).Val() > moment
		})
		p.kill()
		t.Logf("killed at %d of %d keys", client.DBSize(t.Context()).Val(), keys)
	}
	says(t, target, []string{"transfer"}, "sessions, compared", "everything is there")
	start(t, target).refresh(one.RefreshToken)
}
