package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/menjin-id/menjin/adapters/metrics"
	"github.com/menjin-id/menjin/internal/testserver/promtest"
	"github.com/menjin-id/menjin/ports"
)

var now = time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)

// desk is an outbox that says what it is told to.
type desk struct {
	status ports.OutboxStatus
	err    error
	asked  int
}

func (d *desk) Status(context.Context) (ports.OutboxStatus, error) {
	d.asked++
	return d.status, d.err
}

func TestOutboxIsShownAsItStands(t *testing.T) {
	t.Parallel()
	shown := []prometheus.Collector{metrics.NewOutbox(&desk{status: ports.OutboxStatus{
		Waiting: 12, OldestAt: now.Add(-90 * time.Second), Dead: 2, Held: 1,
		Shards: []ports.ShardStatus{
			{Shard: 0, Waiting: 5, DelayedUntil: now.Add(time.Second)},
			{Shard: 1, Waiting: 7, Paused: true, DelayedUntil: now.Add(-time.Second)},
		},
	}}, func() time.Time { return now })}
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"menjin_outbox_status_known", nil, 1},
		{"menjin_outbox_events_waiting", nil, 12},
		{"menjin_outbox_events_waiting", []string{"shard", "1"}, 7},
		{"menjin_outbox_oldest_waiting_age_seconds", nil, 90},
		{"menjin_outbox_dead_events", nil, 2},
		{"menjin_outbox_held_users", nil, 1},
		{"menjin_outbox_shard_paused", []string{"shard", "0"}, 0},
		{"menjin_outbox_shard_paused", []string{"shard", "1"}, 1},
		{"menjin_outbox_shard_delayed", []string{"shard", "0"}, 1},
		{"menjin_outbox_shard_delayed", []string{"shard", "1"}, 0},
	} {
		if got := promtest.Value(t, shown, want.name, want.labels...); got != want.value {
			t.Errorf("%s %v: got %v, want %v", want.name, want.labels, got, want.value)
		}
	}
}

func TestScrapesThatFollowEachOtherAskTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{nil, errors.New("the database is away")} {
		at, asked := now, &desk{err: failure}
		shown := []prometheus.Collector{metrics.NewOutbox(asked, func() time.Time { return at })}
		for range 5 {
			promtest.Value(t, shown, "menjin_outbox_status_known")
			at = at.Add(900 * time.Millisecond)
		}
		if asked.asked != 1 {
			t.Errorf("failure %v: asked %d times in 3.6 s, want once", failure, asked.asked)
		}
		at = at.Add(5 * time.Second)
		promtest.Value(t, shown, "menjin_outbox_status_known")
		at = at.Add(-time.Hour) // a clock that was put back
		promtest.Value(t, shown, "menjin_outbox_status_known")
		if asked.asked != 3 {
			t.Errorf("failure %v: asked %d times, want again when the answer is old, and when the clock went back", failure, asked.asked)
		}
	}
}

func TestOutboxThatCannotBeSeenIsNotShownAsEmpty(t *testing.T) {
	t.Parallel()
	registry := metrics.NewRegistry("v1.2.3")
	registry.Register(metrics.NewOutbox(&desk{err: errors.New("away")}, time.Now))
	recorder := httptest.NewRecorder()
	registry.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text := recorder.Body.String()
	if !strings.Contains(text, "\nmenjin_outbox_status_known 0\n") || strings.Contains(text, "menjin_outbox_dead_events") {
		t.Errorf("got %s, want nothing of the outbox but that it is not known", text)
	}
	if !strings.Contains(text, `version="v1.2.3"`) {
		t.Error("the version is not shown")
	}
}
