package wechat

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"github.com/menjin-id/menjin/domain"
)

// metrics count the calls of a client.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	retries  *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	breakers *prometheus.GaugeVec
}

func newMetrics() *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_wechat_requests_total",
			Help: "Requests to WeChat, by endpoint and outcome: ok, the class of the errcode (client, user, wait, operator, busy, " +
				"unknown), timeout, unanswered or implausible.",
		}, []string{"endpoint", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "menjin_wechat_request_duration_seconds",
			Help:    "Time that a request to WeChat took.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"endpoint"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_wechat_retries_total",
			Help: "Requests sent once more: WeChat was busy, or refused the access_token.",
		}, []string{"endpoint", "cause"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "menjin_wechat_access_token_uses_total",
			Help: "Uses of an access_token: kept when it was at hand, awaited when it was to be fetched first, failed when there was none.",
		}, []string{"result"}),
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "menjin_wechat_breaker_open",
			Help: "1 while calls of a mini-program are paused after repeated failures, 0.5 while one is let through to try.",
		}, []string{"app_id", "endpoint"}),
	}
	for _, door := range []*api{loginAPI, tokenAPI, phoneAPI, checkSessionAPI, resetSessionAPI} {
		m.requests.WithLabelValues(door.name, outcomeOK) // what is there from the start shows its first increase
		m.duration.WithLabelValues(door.name)
		m.retries.WithLabelValues(door.name, "busy")
	}
	for _, result := range []string{"kept", "awaited", "failed"} {
		m.tokens.WithLabelValues(result)
	}
	return m
}

// Metrics are what the client counts, to be registered by whoever shows them.
func (c *Client) Metrics() []prometheus.Collector {
	m := c.metrics
	return []prometheus.Collector{m.requests, m.duration, m.retries, m.tokens, m.breakers}
}

const outcomeOK = "ok"

// sent counts one request.
func (m *metrics) sent(door *api, took time.Duration, err error) {
	m.requests.WithLabelValues(door.name, outcomeOf(door, err)).Inc()
	m.duration.WithLabelValues(door.name).Observe(took.Seconds())
}

func outcomeOf(door *api, err error) string {
	if err == nil {
		return outcomeOK
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return string(door.meaningOf(refused.errcode).class)
	}
	if silence, ok := errors.AsType[*unanswered](err); ok {
		if isTimeout(silence.cause) {
			return "timeout"
		}
		return "unanswered"
	}
	return "implausible"
}

// used counts what asking for an access_token came to.
func (m *metrics) used(awaited bool, err error) {
	switch {
	case err != nil:
		m.tokens.WithLabelValues("failed").Inc()
	case awaited:
		m.tokens.WithLabelValues("awaited").Inc()
	default:
		m.tokens.WithLabelValues("kept").Inc()
	}
}

// breaker is the gauge of the breaker of a mini-program's calls at a door.
func (m *metrics) breaker(app domain.AppID, door *api) prometheus.Gauge {
	return m.breakers.WithLabelValues(string(app), door.name)
}

func openness(state gobreaker.State) float64 {
	switch state {
	case gobreaker.StateOpen:
		return 1
	case gobreaker.StateHalfOpen:
		return 0.5
	default:
		return 0
	}
}
