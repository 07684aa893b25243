package sqlstore

import "github.com/prometheus/client_golang/prometheus"

// sessionMetrics count what becomes of sessions.
type sessionMetrics struct {
	opened, displaced, refreshed, reused prometheus.Counter
}

func newSessionMetrics() sessionMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return sessionMetrics{
		opened:    counter("menjin_sessions_opened_total", "Sessions opened."),
		displaced: counter("menjin_sessions_displaced_total", "Sessions that gave way to a new one of the same user."),
		refreshed: counter("menjin_sessions_refreshed_total", "Sessions refreshed."),
		reused:    counter("menjin_sessions_refresh_reused_total", "Sessions ended because an old refresh token was used again."),
	}
}

// Metrics are what the store counts, to be registered by whoever shows them.
func (s *Sessions) Metrics() []prometheus.Collector {
	return []prometheus.Collector{s.metrics.opened, s.metrics.displaced, s.metrics.refreshed, s.metrics.reused}
}
