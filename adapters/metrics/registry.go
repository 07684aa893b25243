package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	scrapesAtOnce = 3                // more are refused: nobody shall press on the service by asking how it does
	scrapeLimit   = 10 * time.Second // Prometheus' own default
)

// Registry keeps the metrics of a process.
type Registry struct{ registry *prometheus.Registry }

// NewRegistry makes a registry that has the metrics of the Go runtime, of the process and of the build.
func NewRegistry(version string) *Registry {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "menjin_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	r := &Registry{prometheus.NewRegistry()}
	r.Register(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Register adds metrics. It panics when one of them is there already, which is a mistake in the program.
func (r *Registry) Register(more ...prometheus.Collector) { r.registry.MustRegister(more...) }

// Handler answers scrapes. Metrics that cannot be gathered are left out and the others answered.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeLimit,
	})
}
