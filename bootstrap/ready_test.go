package bootstrap_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"
)

var (
	readyIn  = regexp.MustCompile(`ready in (\d+) ms`)
	resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
)

// The figures are those of a program under the race detector, beside other tests; the bench prints the real ones.
func TestProgramTellsHowLongItsStartTook(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		begin := time.Now()
		p := start(t, s)
		p.expect(http.MethodGet, "/health/ready", "", nil, http.StatusOK, "")
		took := first(readyIn, p.out.String())
		if took == "" {
			t.Errorf("the start does not say how long it took:\n%s", p.out.String())
		}
		memory := "unknown"
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)); err == nil {
			memory = first(resident, string(status)) + " kB"
		}
		t.Logf("ready in %s ms by its own account, %s with the process; resident %s", took, time.Since(begin), memory)
	})
}
