package bootstrap

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/bootstrap/config"
)

// ward is a doctor whose clock and disk are the test's.
type ward struct {
	*doctor
	ahead time.Duration // of the system's clock
	free  uint64
}

// admit gives a doctor settings, by key, on top of a data folder of its own.
func admit(t *testing.T, settings map[string]string) *ward {
	t.Helper()
	all := map[string]string{"data_dir": filepath.Join(t.TempDir(), "data"), "events.embedded_addr": "", "http.addr": "127.0.0.1:0", "wechat.sandbox_addr": "127.0.0.1:0"}
	maps.Copy(all, settings)
	var environ []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		environ = append(environ, config.EnvName(key)+"="+all[key])
	}
	cfg, err := config.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{free: 1 << 40}
	w.doctor = &doctor{
		cfg: cfg, environ: environ, now: func() time.Time { return time.Now().Add(w.ahead) },
		space: func(string) (free, all uint64, err error) { return w.free, 1 << 41, nil },
	}
	return w
}

// serve builds the service, which makes schema, keys and stream, and returns what ends it.
func (w *ward) serve(t *testing.T) (end func()) {
	t.Helper()
	_, closeAll, err := newApp(t.Context(), w.cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeAll)
	return closeAll
}

// wants runs one check, and looks for a word in what it says.
func wants(t *testing.T, what string, got finding, verdict verdict, word string) {
	t.Helper()
	if got.Verdict != verdict || !strings.Contains(got.Found, word) {
		t.Errorf("%s: got %s %q, want %s with %q", what, got.Verdict, got.Found, verdict, word)
	}
	if (got.Advice == "") != (got.Verdict == verdictOK) {
		t.Errorf("%s: %s with the advice %q", what, got.Verdict, got.Advice)
	}
}

// found returns the finding of a name among those of a check that has several.
func found(t *testing.T, findings []finding, name string) finding {
	t.Helper()
	for _, one := range findings {
		if one.Check == name {
			return one
		}
	}
	t.Fatalf("no finding %q in %+v", name, findings)
	return finding{}
}

// loadError is what is wrong with an environment.
func loadError(t *testing.T, environ ...string) error {
	t.Helper()
	_, err := config.Load("", environ)
	if err == nil {
		t.Fatal("nothing is wrong with the configuration")
	}
	return err
}
