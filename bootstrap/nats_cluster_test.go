package bootstrap_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

const userEvents = "MENJIN_EVENTS"

// pendingIn returns a look at how many events wait in a program's PostgreSQL.
func pendingIn(t *testing.T, s settings) func() int {
	t.Helper()
	db, err := sql.Open("pgx", s["database.url"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return func() (waiting int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM outbox_pending").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting
	}
}

func TestClusterThatLosesAServerAtATimeLosesNoEvent(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	cluster, w, l := natstest.NewCluster(t), startWeChat(t), newLedger()
	s := onServers(t).with(w.settings()).with(settings{"events.url": cluster.URL()})
	first := start(t, s) // with one copy
	first.drained(w)
	first.terminate()
	first.status()

	p := start(t, s.with(settings{"events.replicas": "3"}))
	view := lookAt(t, cluster.URL())
	c, _ := p.stroll(w, l, "citizen")
	harms := []struct {
		name       string
		begin, end func(int)
	}{
		{"killed", cluster.Kill, cluster.Start},
		{"cut off", cluster.CutOff, cluster.Rejoin},
		{"standing still", cluster.Pause, cluster.Continue},
	}
	rand.Shuffle(len(harms), func(i, j int) { harms[i], harms[j] = harms[j], harms[i] })
	for i, harm := range harms[:2] {
		// First the leader, then another; and none before the stream is whole: while it is widened it hangs on its old home.
		server := (cluster.Leader(userEvents, 3) + i) % 3
		l.grows(t, rand.IntN(30), "with all servers")
		harm.begin(server)
		began, end := time.Now(), view.end(t)
		l.grows(t, 30, "with one server "+harm.name)
		eventually(t, "publication goes on with one server "+harm.name, func() bool { return view.end(t) > end+30 })
		t.Logf("leader or other %s: thirty are published %s later", harm.name, time.Since(began).Round(time.Millisecond))
		harm.end(server)
	}
	c.sendAway()
	cluster.Leader(userEvents, 3) // a server that was away may show what it held then, and takes no subscribers
	l.holdsFor(t, p, p.drained(w))
	t.Logf("longest gap in publication: %s", view.longestGap(t))
}

// view looks at the stream from outside.
type view struct{ js jetstream.JetStream }

func lookAt(t *testing.T, url string) *view {
	t.Helper()
	return &view{natstest.JetStream(t, url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.PingInterval(time.Second))}
}

// end returns the last sequence, or 0 when nobody knows right now.
func (v *view) end(t *testing.T) uint64 {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	stream, err := v.js.Stream(ctx, userEvents)
	if err != nil {
		return 0
	}
	return stream.CachedInfo().State.LastSeq
}

// longestGap returns the longest time between two messages, as far as they can be read: nothing depends on it.
func (v *view) longestGap(t *testing.T) (longest time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	consumer, err := v.js.OrderedConsumer(ctx, userEvents, jetstream.OrderedConsumerConfig{HeadersOnly: true})
	if err != nil {
		t.Logf("read the messages: %v", err)
		return 0
	}
	messages, err := consumer.Messages()
	if err != nil {
		t.Logf("read the messages: %v", err)
		return 0
	}
	defer messages.Stop()
	for before := (time.Time{}); ; {
		message, err := messages.Next(jetstream.NextMaxWait(patience))
		if err != nil {
			t.Logf("read the messages: %v", err)
			return longest
		}
		meta, err := message.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		if !before.IsZero() {
			longest = max(longest, meta.Timestamp.Sub(before))
		}
		if before = meta.Timestamp; meta.NumPending == 0 {
			return longest
		}
	}
}
