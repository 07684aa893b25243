package sqlstore

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/menjin-id/menjin/ports"
)

// outboxMetrics count what relays and reconciliations do.
type outboxMetrics struct {
	sizes     prometheus.Histogram
	durations *prometheus.HistogramVec
	requeues  prometheus.Counter
	requeued  prometheus.Counter
}

func newOutboxMetrics() outboxMetrics {
	m := outboxMetrics{
		sizes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "menjin_relay_batch_events",
			Help:    "Events in a batch that the relay took from the outbox.",
			Buckets: []float64{1, 2, 5, 10, 25, 50, 100, 250, 500},
		}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "menjin_relay_batch_duration_seconds",
			Help:    "Time from taking a batch to its being recorded as published, by outcome: published, rejected, rewound or failed.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"outcome"}),
		requeues: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "menjin_outbox_reconciliations_total",
			Help: "Times that the stream was found to have lost events, and they were made to wait again.",
		}),
		requeued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "menjin_outbox_requeued_events_total",
			Help: "Events made to wait again because the stream may have lost them.",
		}),
	}
	for _, outcome := range []string{"published", "rejected", "rewound", "failed"} {
		m.durations.WithLabelValues(outcome) // what is there from the start shows its first increase
	}
	return m
}

// Metrics are what the outbox counts, to be registered by whoever shows them.
func (o *Outbox) Metrics() []prometheus.Collector {
	return []prometheus.Collector{o.metrics.sizes, o.metrics.durations, o.metrics.requeues, o.metrics.requeued}
}

// drained counts a batch. To find nothing is none.
func (m *outboxMetrics) drained(took time.Duration, events int, err error) {
	if events == 0 && err == nil {
		return
	}
	if events > 0 {
		m.sizes.Observe(float64(events))
	}
	m.durations.WithLabelValues(outcomeOf(err)).Observe(took.Seconds())
}

func outcomeOf(err error) string {
	if err == nil {
		return "published"
	}
	if _, rejected := errors.AsType[*ports.RejectedError](err); rejected {
		return "rejected"
	}
	if _, rewound := errors.AsType[*ports.RewoundError](err); rewound {
		return "rewound"
	}
	return "failed"
}
