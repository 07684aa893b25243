package promtest

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Value returns what a counter or gauge among the collectors says, or how often a histogram was told something, summed over the
// series that have the labels, which are given as name and value in turn. It is 0 when there is none.
func Value(tb testing.TB, collectors []prometheus.Collector, name string, labels ...string) (total float64) {
	tb.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			has := make(map[string]string)
			for _, pair := range metric.GetLabel() {
				has[pair.GetName()] = pair.GetValue()
			}
			if matches(has, labels) {
				total += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			}
		}
	}
	return total
}

func matches(has map[string]string, labels []string) bool {
	for ; len(labels) > 1; labels = labels[2:] {
		if has[labels[0]] != labels[1] {
			return false
		}
	}
	return true
}
