package testserver_test

import (
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	ending string
}

func (r *recorder) Helper()               {}
func (r *recorder) Skipf(string, ...any)  { r.end("skipped") }
func (r *recorder) Fatalf(string, ...any) { r.end("failed") }

// end keeps the first ending: a real test would go no further.
func (r *recorder) end(how string) {
	if r.ending == "" {
		r.ending = how
	}
}

func TestMissingServerSkipsUnlessAllAreRequired(t *testing.T) {
	for require, want := range map[string]string{"": "skipped", "all": "failed"} {
		t.Setenv("MENJIN_TEST_REQUIRE", require)
		r := &recorder{TB: t}
		testserver.Missing(r, "PostgreSQL", "postgresql")
		if r.ending != want {
			t.Errorf("MENJIN_TEST_REQUIRE=%q: got %q, want %q", require, r.ending, want)
		}
	}
}
