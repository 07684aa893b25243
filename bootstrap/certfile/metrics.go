package certfile

import (
	"crypto/x509"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics speak of the certificate that new connections see. A nil Pair has them too, and says 0.
func (p *Pair) Metrics() []prometheus.Collector {
	return []prometheus.Collector{
		p.moment("not_after", "When the certificate ends that is served; 0 where TLS is somebody else's.",
			func(leaf *x509.Certificate) time.Time { return leaf.NotAfter }),
		p.moment("renew_before", "When it is late to have renewed the certificate that is served; 0 where TLS is somebody else's.", renewBefore),
	}
}

func (p *Pair) moment(name, help string, of func(leaf *x509.Certificate) time.Time) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "menjin_tls_certificate_" + name + "_timestamp_seconds", Help: help}, func() float64 {
		if p == nil {
			return 0
		}
		return float64(of(p.served.Load().Leaf).Unix())
	})
}
