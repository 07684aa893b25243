package httpapi

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what is answered. Routes go by their templates: what a client can make up is in no label.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	sizes    prometheus.Histogram
	inFlight prometheus.Gauge
	signIns  *prometheus.CounterVec

	unmatched *routeMetrics
}

func newMetrics() *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_http_requests_total",
			Help: "Requests answered, by method, route and status; 499 is a client that left before the answer.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "menjin_http_request_duration_seconds",
			Help:    "Time from a request's head to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"method", "route"}),
		sizes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "menjin_http_response_size_bytes",
			Help:    "Size of answers' bodies.",
			Buckets: prometheus.ExponentialBuckets(256, 8, 5),
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "menjin_http_requests_in_flight",
			Help: "Requests being answered.",
		}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_sign_ins_total",
			Help: "Attempts to sign in, by method and outcome: ok, new for who was registered by it, or the reason of the refusal.",
		}, []string{"method", "outcome"}),
	}
	m.unmatched = m.route("other", unknownRoute, "")
	return m
}

// Metrics are what the server counts, to be registered by whoever shows them.
func (s *Server) Metrics() []prometheus.Collector {
	m := s.metrics
	return []prometheus.Collector{m.requests, m.duration, m.sizes, m.inFlight, m.signIns}
}

// signInMethods are the routes that let somebody in, and what signing in by them is called.
var signInMethods = map[string]string{
	http.MethodPost + " /api/login":          "wechat",
	http.MethodPost + " /api/login/password": "password",
	http.MethodPost + " /api/register":       "register",
	http.MethodPost + " /api/token/refresh":  "refresh",
}

// routeMetrics are the metrics of one route, with the labels looked up that would cost each request an allocation.
type routeMetrics struct {
	duration func() prometheus.Observer // made with the first request: most routes are seldom called
	statuses counters[int]
	outcomes counters[string]
	signsIn  bool
}

// route returns the metrics of a route; signIn is empty for one that lets nobody in.
func (m *metrics) route(method, template, signIn string) *routeMetrics {
	r := &routeMetrics{
		duration: sync.OnceValue(func() prometheus.Observer { return m.duration.WithLabelValues(method, template) }),
		signsIn:  signIn != "",
	}
	r.statuses.find = func(status int) prometheus.Counter {
		return m.requests.WithLabelValues(method, template, strconv.Itoa(status))
	}
	r.outcomes.find = func(outcome string) prometheus.Counter { return m.signIns.WithLabelValues(signIn, outcome) }
	if r.signsIn {
		r.outcomes.of("ok") // what is there from the start shows its first increase
	}
	return r
}

// counted is the metrics of the route that an exchange took. HEAD counts as GET.
func (x *exchange) counted() *routeMetrics {
	if x.operation == nil {
		return x.server.metrics.unmatched
	}
	return x.operation.metrics
}

// count adds a request that has been answered.
func (x *exchange) count() {
	x.server.metrics.inFlight.Dec()
	route := x.counted()
	route.statuses.of(x.status()).Inc()
	route.duration().Observe(x.took.Seconds())
	x.server.metrics.sizes.Observe(float64(x.writer.bytes))
	if route.signsIn {
		route.outcomes.of(x.outcome()).Inc()
	}
}

// outcome says in one word how signing in ended. The words are those of the catalogue and few others.
func (x *exchange) outcome() string {
	switch {
	case x.reason != "":
		return x.reason
	case x.writer.status == 0 || x.writer.status >= http.StatusBadRequest:
		return "broken_off"
	case x.newUser:
		return "new"
	default:
		return "ok"
	}
}

// counters finds the counter of a label that takes few values, without an allocation once a value was met.
type counters[K comparable] struct {
	find   func(K) prometheus.Counter
	adding sync.Mutex
	known  atomic.Pointer[map[K]prometheus.Counter] // replaced, never changed
}

func (c *counters[K]) of(key K) prometheus.Counter {
	if known := c.known.Load(); known != nil {
		if counter, found := (*known)[key]; found {
			return counter
		}
	}
	return c.add(key)
}

func (c *counters[K]) add(key K) prometheus.Counter {
	c.adding.Lock()
	defer c.adding.Unlock()
	more := make(map[K]prometheus.Counter)
	if known := c.known.Load(); known != nil {
		more = maps.Clone(*known)
	}
	counter := c.find(key)
	more[key] = counter
	c.known.Store(&more)
	return counter
}
