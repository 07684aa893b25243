package redisstore

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// metrics count what becomes of sessions.
type metrics struct {
	opened, displaced, refreshed, reused prometheus.Counter
}

func newMetrics() metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return metrics{
		opened:    counter("menjin_sessions_opened_total", "Sessions opened."),
		displaced: counter("menjin_sessions_displaced_total", "Sessions that gave way to a new one of the same user."),
		refreshed: counter("menjin_sessions_refreshed_total", "Sessions refreshed."),
		reused:    counter("menjin_sessions_refresh_reused_total", "Sessions ended because an old refresh token was used again."),
	}
}

// Metrics are what the store counts, to be registered by whoever shows them.
func (s *Sessions) Metrics() []prometheus.Collector {
	return append([]prometheus.Collector{
		s.metrics.opened, s.metrics.displaced, s.metrics.refreshed, s.metrics.reused,
	}, pool{s.redis})
}

var (
	poolConnections = prometheus.NewDesc("menjin_redis_connections", "Connections to Redis, by what they do.", []string{"state"}, nil)
	poolReuses      = prometheus.NewDesc("menjin_redis_pool_hits_total", "Times a connection to Redis was free.", nil, nil)
	poolMisses      = prometheus.NewDesc("menjin_redis_pool_misses_total", "Times none was free and one was opened.", nil, nil)
	poolTimeouts    = prometheus.NewDesc("menjin_redis_pool_timeouts_total", "Times none became free in time.", nil, nil)
	poolWaited      = prometheus.NewDesc("menjin_redis_pool_wait_seconds_total", "Time spent waiting for a connection to Redis.", nil, nil)
	poolStale       = prometheus.NewDesc("menjin_redis_pool_stale_connections_total", "Connections to Redis found to be of no use any more.", nil, nil)
)

// pool shows the connections of a client, which counts them itself.
type pool struct{ client redis.UniversalClient }

// Describe is prometheus.Collector's.
func (p pool) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, to) }

// Collect is prometheus.Collector's.
func (p pool) Collect(to chan<- prometheus.Metric) {
	stats := p.client.PoolStats()
	counter := func(desc *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value)
	}
	gauge := func(state string, value uint32) {
		to <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, float64(value), state)
	}
	gauge("idle", stats.IdleConns)
	gauge("in_use", max(stats.TotalConns, stats.IdleConns)-stats.IdleConns)
	counter(poolReuses, float64(stats.Hits))
	counter(poolMisses, float64(stats.Misses))
	counter(poolTimeouts, float64(stats.Timeouts))
	counter(poolWaited, float64(stats.WaitDurationNs)/1e9)
	counter(poolStale, float64(stats.StaleConns))
}
