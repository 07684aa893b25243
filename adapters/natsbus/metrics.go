package natsbus

import (
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what is published, and how often NATS comes and goes.
type metrics struct {
	published   *prometheus.CounterVec
	duplicates  prometheus.Counter
	connects    prometheus.Counter
	disconnects prometheus.Counter
}

func newMetrics() *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &metrics{
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_events_published_total",
			Help: "Events that the stream has stored for the first time, by their type.",
		}, []string{"type"}),
		duplicates:  counter("menjin_events_duplicate_total", "Events that were sent to a stream which had them."),
		connects:    counter("menjin_nats_connects_total", "Times that NATS was reached, for the first time or again."),
		disconnects: counter("menjin_nats_disconnects_total", "Times that NATS was lost."),
	}
}

// Metrics are what the bus counts, to be registered by whoever shows them.
func (b *Bus) Metrics() []prometheus.Collector {
	m := b.metrics
	return []prometheus.Collector{
		m.published, m.duplicates, m.connects, m.disconnects,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "menjin_nats_connected", Help: "1 while there is a connection to NATS.",
		}, b.connection),
	}
}

func (b *Bus) connection() float64 {
	if b.listener.Status() == nats.CONNECTED {
		return 1
	}
	return 0
}

// acknowledged counts a message that the stream has.
func (m *metrics) acknowledged(kind string, duplicate bool) {
	if duplicate {
		m.duplicates.Inc()
		return
	}
	m.published.WithLabelValues(kind).Inc()
}
