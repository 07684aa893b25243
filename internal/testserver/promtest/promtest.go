// Package promtest lets tests ask promtool, which comes with Prometheus, whether metrics, rules and configuration are sound.
//
// Where it is not installed the test is skipped, or fails under MENJIN_TEST_REQUIRE=all.
package promtest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// Check runs promtool with arguments and an input, and fails tb with what it has to say when it objects.
func Check(tb testing.TB, input string, args ...string) {
	tb.Helper()
	testserver.SkipShort(tb)
	program, err := exec.LookPath("promtool")
	if err != nil {
		testserver.Missing(tb, "promtool", "prometheus")
	}
	cmd := exec.CommandContext(tb.Context(), program, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
