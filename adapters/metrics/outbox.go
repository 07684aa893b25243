package metrics

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/menjin-id/menjin/ports"
)

const (
	statusKept  = 5 * time.Second // so that scrapers, however many, ask the database once in a while
	statusLimit = 3 * time.Second
)

var (
	outboxKnown = prometheus.NewDesc("menjin_outbox_status_known",
		"1 when the outbox could be looked at, 0 when the database did not tell; the other metrics of it are absent then.", nil, nil)
	outboxWaiting = prometheus.NewDesc("menjin_outbox_events_waiting",
		"Events that are to be published; those held behind a dead letter are not among them.", []string{"shard"}, nil)
	outboxAge = prometheus.NewDesc("menjin_outbox_oldest_waiting_age_seconds",
		"Age of the event that waits longest; 0 when none waits.", nil, nil)
	outboxDead = prometheus.NewDesc("menjin_outbox_dead_events",
		"Events that the stream refused and nobody has decided on.", nil, nil)
	outboxHeld = prometheus.NewDesc("menjin_outbox_held_users",
		"Users whose events are held behind a dead letter.", nil, nil)
	outboxPaused = prometheus.NewDesc("menjin_outbox_shard_paused",
		"1 for a shard that an operator has paused.", []string{"shard"}, nil)
	outboxDelayed = prometheus.NewDesc("menjin_outbox_shard_delayed",
		"1 for a shard that is left alone for a while after a failure.", []string{"shard"}, nil)
)

// Outbox shows the outbox as a monitor sees it. It asks when it is scraped, at most every few seconds.
type Outbox struct {
	monitor ports.OutboxMonitor
	now     ports.Clock

	mu     sync.Mutex // held while asking, so that scrapes that come together share the answer
	asked  time.Time
	status ports.OutboxStatus
	err    error
}

// NewOutbox makes the collector of an outbox.
func NewOutbox(monitor ports.OutboxMonitor, now ports.Clock) *Outbox {
	return &Outbox{monitor: monitor, now: now}
}

// Describe is prometheus.Collector's.
func (o *Outbox) Describe(to chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{
		outboxKnown, outboxWaiting, outboxAge, outboxDead, outboxHeld, outboxPaused, outboxDelayed,
	} {
		to <- one
	}
}

// Collect is prometheus.Collector's.
func (o *Outbox) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	now := o.now()
	status, err := o.look(now)
	gauge(outboxKnown, oneIf(err == nil))
	if err != nil {
		return
	}
	age := 0.0
	if !status.OldestAt.IsZero() {
		age = max(now.Sub(status.OldestAt).Seconds(), 0)
	}
	gauge(outboxAge, age)
	gauge(outboxDead, float64(status.Dead))
	gauge(outboxHeld, float64(status.Held))
	for _, shard := range status.Shards {
		name := strconv.Itoa(shard.Shard)
		gauge(outboxWaiting, float64(shard.Waiting), name)
		gauge(outboxPaused, oneIf(shard.Paused), name)
		gauge(outboxDelayed, oneIf(now.Before(shard.DelayedUntil)), name)
	}
}

// look asks the monitor, or answers what it said a moment ago. A failure is kept as an answer is: a database that is in trouble
// is not asked more often for it.
func (o *Outbox) look(now time.Time) (ports.OutboxStatus, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if since := now.Sub(o.asked); !o.asked.IsZero() && since >= 0 && since < statusKept {
		return o.status, o.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), statusLimit)
	defer cancel()
	o.status, o.err = o.monitor.Status(ctx)
	o.asked = now
	return o.status, o.err
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
