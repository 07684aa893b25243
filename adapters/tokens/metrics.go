package tokens

import "github.com/prometheus/client_golang/prometheus"

// verifications count tokens by how they were judged.
type verifications struct {
	cached, proven, refused prometheus.Counter

	all *prometheus.CounterVec
}

func newVerifications() verifications {
	all := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "menjin_token_verifications_total",
		Help: "Access tokens judged: cached when the signature had been proven before, proven when it was now, or refused.",
	}, []string{"result"})
	return verifications{
		cached: all.WithLabelValues("cached"), proven: all.WithLabelValues("proven"), refused: all.WithLabelValues("refused"), all: all,
	}
}

// Metrics are what the verifier counts, to be registered by whoever shows them.
func (v *Verifier) Metrics() []prometheus.Collector {
	return []prometheus.Collector{v.verifications.all}
}

// Metrics say how many keys the ring holds and how old the one is that signs.
func (r *Ring) Metrics() []prometheus.Collector {
	gauge := func(name, help string, value func(*keySet) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if keys := r.current.Load(); keys != nil {
				return value(keys)
			}
			return 0
		})
	}
	return []prometheus.Collector{
		gauge("menjin_token_keys", "Keys that verify access tokens, the one that signs among them; 0 as long as there are none.",
			func(keys *keySet) float64 { return float64(len(keys.byID)) }),
		gauge("menjin_token_key_created_timestamp_seconds", "When the key was made that signs access tokens; 0 as long as there is none.",
			func(keys *keySet) float64 { return float64(keys.made.Unix()) }),
	}
}
