package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/bootstrap/config"
)

func TestConfigurationThatCannotBeUsedIsShownWithoutWhatWasRefused(t *testing.T) {
	t.Parallel()
	c, err := config.Examine("", []string{"MENJIN_HTTP_ADR=:1", "MENJIN_DATA_DIR=./here", "MENJIN_TRACES_ENDPOINT=ftp://u:planted@host"})
	if err == nil || !strings.Contains(err.Error(), "MENJIN_HTTP_ADR: ") || !strings.Contains(err.Error(), "traces.endpoint: ") {
		t.Errorf("got %v, want both faults", err)
	}
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"./here", "MENJIN_HTTP_ADDR", "[refused]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown in:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "planted") {
		t.Errorf("what was refused is shown in:\n%s", out.String())
	}
}
