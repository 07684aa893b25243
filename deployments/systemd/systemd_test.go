package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// exposure is the most that systemd-analyze security may find, of 10: what is left is the network, which the service is for.
const exposure = "1.5"

// install copies the units to a folder as they are installed, but for the program, which verify wants to find.
func install(t *testing.T) (analyze, folder string) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		testserver.Missing(t, "systemd-analyze", "systemd")
	}
	folder = t.TempDir()
	for _, name := range []string{"menjin.service", "menjin-backup.service", "menjin-backup-embedded.service", "menjin-backup.timer", "servers.conf"} {
		unit, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(folder, name)
		if name == "servers.conf" {
			target = filepath.Join(folder, "menjin.service.d", name)
			if err := os.Mkdir(filepath.Dir(target), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		text := strings.ReplaceAll(string(unit), "/usr/local/bin/menjin", "/bin/true")
		if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return analyze, folder
}

func TestSystemdUnderstandsEveryLineOfTheUnits(t *testing.T) {
	t.Parallel()
	analyze, folder := install(t)
	for _, unit := range []string{"menjin.service", "menjin-backup.service", "menjin-backup-embedded.service", "menjin-backup.timer"} {
		said, err := exec.Command(analyze, "verify", "--man=no", filepath.Join(folder, unit)).CombinedOutput()
		// It also tells of units of the machine, which are not ours.
		for line := range strings.Lines(string(said)) {
			if strings.Contains(line, folder) || strings.Contains(line, "menjin") {
				t.Errorf("%s: %s", unit, line)
			}
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", unit, err, said)
		}
	}
}

func TestUnitsAreHardened(t *testing.T) {
	t.Parallel()
	analyze, folder := install(t)
	for _, unit := range []string{"menjin.service", "menjin-backup.service", "menjin-backup-embedded.service"} {
		threshold := strings.ReplaceAll(exposure, ".", "") // in tenths
		said, err := exec.Command(analyze, "security", "--offline=yes", "--no-pager", "--threshold="+threshold,
			filepath.Join(folder, unit)).CombinedOutput()
		if err != nil {
			t.Errorf("%s is more exposed than %s (%v):\n%s", unit, exposure, err, said)
		}
	}
}
