package config_test

import (
	"strings"
	"testing"
)

func TestTracesAreOffUnlessACollectorIsNamed(t *testing.T) {
	t.Parallel()
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Traces.Endpoint != "" || c.Traces.Continue || c.Traces.SampleRatio != 1 {
		t.Errorf("got %+v, want no endpoint, nothing continued, and every request in development", c.Traces)
	}
	c, err = load(t, "", production(t)...)
	if err != nil || c.Traces.SampleRatio != 0.01 {
		t.Errorf("production: got ratio %v (%v), want 0.01", c.Traces.SampleRatio, err)
	}
}

func TestTraceSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for variable, key := range map[string]string{
		"MENJIN_TRACES_ENDPOINT=collector:4318":             "traces.endpoint",
		"MENJIN_TRACES_ENDPOINT=http://u:hunter2@collector": "traces.endpoint",
		"MENJIN_TRACES_ENDPOINT=http://collector?x=hunter2": "traces.endpoint",
		"MENJIN_TRACES_HEADERS=hunter2":                     "traces.headers",
		"MENJIN_TRACES_HEADERS=x=hunter2%0d%0aY:z":          "traces.headers",
		"MENJIN_TRACES_SAMPLE_RATIO=NaN":                    "traces.sample_ratio",
		"MENJIN_TRACES_SAMPLE_RATIO=1.1":                    "traces.sample_ratio",
		"MENJIN_TRACES_CONTINUE=true":                       "traces.continue",
	} {
		_, err := load(t, "", variable)
		if err == nil || !strings.Contains(err.Error(), key+":") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want a fault of %s that quotes nothing", variable, err, key)
		}
	}
}

func TestProductionSendsTracesToOtherHostsByTLSAlone(t *testing.T) {
	t.Parallel()
	for endpoint, allowed := range map[string]bool{
		"http://collector:4318": false, "https://collector:4318": true, "http://127.0.0.1:4318": true,
	} {
		_, err := load(t, "", production(t, "MENJIN_TRACES_ENDPOINT="+endpoint)...)
		if (err == nil) != allowed {
			t.Errorf("%s: got %v, want allowed %t", endpoint, err, allowed)
		}
	}
}
