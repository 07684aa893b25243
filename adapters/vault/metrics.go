package vault

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/menjin-id/menjin/ports"
)

// Metrics say which keys the vault works with, to be registered by whoever shows them. They are 0 as long as there are none.
func (v *Vault) Metrics() []prometheus.Collector {
	gauge := func(name, help string, value func(*state) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if s := v.state.Load(); s != nil {
				return value(s)
			}
			return 0
		})
	}
	return []prometheus.Collector{
		gauge("menjin_vault_field_keys", "Keys of encrypted fields that are kept, the one that seals among them.",
			func(s *state) float64 { return float64(len(s.sealers)) }),
		gauge("menjin_vault_field_key_sealing_since_timestamp_seconds", "Since when the newest key of encrypted fields seals.",
			func(s *state) float64 { return float64(s.sealer(v.now()).from.Unix()) }),
		gauge("menjin_vault_index_changing", "1 while the keys of blind indexes are being changed.",
			func(s *state) float64 {
				if s.phase == ports.IndexSteady {
					return 0
				}
				return 1
			}),
	}
}
