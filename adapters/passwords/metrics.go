package passwords

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what happens at the queue.
type metrics struct {
	waited prometheus.Histogram
	worked prometheus.Histogram
	full   prometheus.Counter
	late   prometheus.Counter

	refused *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		waited: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "menjin_password_hash_wait_seconds",
			Help:    "Time that a password waited for its turn to be hashed.",
			Buckets: []float64{.001, .01, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		worked: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "menjin_password_hash_duration_seconds",
			Help:    "Time that hashing a password took, without the wait.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_password_hash_refused_total",
			Help: "Passwords not hashed: the queue was full, or it was too late when their turn came.",
		}, []string{"cause"}),
	}
	m.full, m.late = m.refused.WithLabelValues("full"), m.refused.WithLabelValues("late")
	return m
}

// Metrics are what the hasher counts, to be registered by whoever shows them.
func (h *Hasher) Metrics() []prometheus.Collector {
	q := h.queue
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		q.metrics.waited, q.metrics.worked, q.metrics.refused,
		gauge("menjin_password_hash_queue_length", "Passwords that wait for their turn to be hashed.",
			func() float64 { return float64(max(len(q.waiting)-len(q.working), 0)) }),
		gauge("menjin_password_hash_queue_capacity", "Passwords that may wait before more are refused.",
			func() float64 { return float64(cap(q.waiting) - cap(q.working)) }),
		gauge("menjin_password_hash_running", "Passwords being hashed.",
			func() float64 { return float64(len(q.working)) }),
	}
}

// time runs work and notes how long it took.
func (m *metrics) time(work func()) {
	began := time.Now()
	work()
	m.worked.Observe(time.Since(began).Seconds())
}
