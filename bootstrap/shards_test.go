package bootstrap_test

import (
	"testing"

	"github.com/menjin-id/menjin/internal/testserver/pgtest"
)

func TestServiceDividesTheOutboxAnewOnceNothingWaits(t *testing.T) {
	t.Parallel()
	w := startWeChat(t)
	one := local(t).with(w.settings()).with(settings{"database.url": pgtest.New(t, nil)})
	four := one.with(settings{"events.shards": "4"})
	p := start(t, one)
	says(t, one, []string{"outbox", "pause"})
	p.login(w.code("alice"))
	p.terminate()
	p.status()
	refuses(t, four, "events.shards: ", "events.shards is 4, the database has 1", "events that wait: 1")
	says(t, four, []string{"outbox", "status"}, "waiting  1 event")
	says(t, four, []string{"outbox", "resume"})

	p = start(t, one)
	p.terminate() // it publishes what waits first
	p.status()
	p = start(t, four)
	says(t, one, []string{"outbox", "status"}, "waiting ")
	p.login(w.code("bob"))
}
