package sqlstore

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	poolConnections = prometheus.NewDesc("menjin_db_connections", "Connections to the database, by what they do.", []string{"state"}, nil)
	poolLimit       = prometheus.NewDesc("menjin_db_connections_max", "Connections to the database that there may be.", nil, nil)
	poolWaits       = prometheus.NewDesc("menjin_db_pool_waits_total", "Times that a connection to the database was waited for.", nil, nil)
	poolWaited      = prometheus.NewDesc("menjin_db_pool_wait_seconds_total", "Time spent waiting for a connection to the database.", nil, nil)
)

// Metrics show the connections to the database, of SQLite those that read. They are to be registered by whoever shows them.
func (db *DB) Metrics() []prometheus.Collector { return []prometheus.Collector{poolCollector{db}} }

// poolCollector asks the pool, which counts by itself.
type poolCollector struct{ db *DB }

// Describe is prometheus.Collector's.
func (p poolCollector) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, to) }

// Collect is prometheus.Collector's.
func (p poolCollector) Collect(to chan<- prometheus.Metric) {
	now := p.db.poolState()
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	gauge(poolConnections, now.idle, "idle")
	gauge(poolConnections, now.inUse, "in_use")
	gauge(poolLimit, now.limit)
	to <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(now.waits))
	to <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, now.waited.Seconds())
}

// poolState is a pool at an instant, of whichever kind.
type poolState struct {
	idle, inUse, limit int
	waits              int64
	waited             time.Duration
}

func (db *DB) poolState() poolState {
	if db.pool != nil {
		stat := db.pool.Stat()
		return poolState{
			idle: int(stat.IdleConns()), inUse: int(stat.AcquiredConns()), limit: int(stat.MaxConns()),
			waits: stat.EmptyAcquireCount(), waited: stat.EmptyAcquireWaitTime(),
		}
	}
	stat := db.bun.Stats()
	return poolState{
		idle: stat.Idle, inUse: stat.InUse, limit: stat.MaxOpenConnections, waits: stat.WaitCount, waited: stat.WaitDuration,
	}
}
