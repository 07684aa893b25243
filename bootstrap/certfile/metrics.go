package certfile

import "github.com/prometheus/client_golang/prometheus"

// Metrics say when the certificate ends that new connections see. A nil Pair has them too, and says 0.
func (p *Pair) Metrics() []prometheus.Collector {
	return []prometheus.Collector{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "menjin_tls_certificate_not_after_timestamp_seconds",
		Help: "When the certificate ends that is served; 0 where TLS is somebody else's.",
	}, func() float64 {
		if p == nil {
			return 0
		}
		return float64(p.served.Load().Leaf.NotAfter.Unix())
	})}
}
