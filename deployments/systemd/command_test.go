package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a folder that stands for a machine: /etc/menjin, /usr/local/bin and /var/lib lie in it.
type machine struct{ folder string }

func newMachine(t *testing.T, menjin string) machine {
	t.Helper()
	m := machine{t.TempDir()}
	m.write(t, "bin/menjin", "#!/bin/sh\n"+menjin)
	m.write(t, "secrets/vault_keyset", "the key")
	m.write(t, "secrets/database_url", "the database")
	m.write(t, "secrets/vault_keyset-2", "the next key")
	return m
}

func (m machine) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // run by this test
		t.Fatal(err)
	}
}

// sh runs a script as it would run there.
func (m machine) sh(t *testing.T, script string, args ...string) string {
	t.Helper()
	script = strings.NewReplacer("/usr/local/bin/", m.folder+"/bin/", "/etc/menjin/", m.folder+"/", "%S", m.folder+"/lib", "%%", "%").Replace(script)
	cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, args...)...)
	cmd.Env = []string{"PATH=" + m.folder + "/bin:" + os.Getenv("PATH"), "CREDENTIALS_DIRECTORY=" + m.folder + "/credentials"}
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return string(said)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCommandHasTheServicesSettingsAndSecrets(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `echo "$MENJIN_ENV $MENJIN_DATA_DIR|$(cat "$MENJIN_VAULT_KEYSET_FILE")|$(cat "$MENJIN_DATABASE_URL_FILE")"; for a; do echo "<$a>"; done`)
	// What systemd does with LoadCredential and the command behind its own options.
	m.write(t, "bin/systemd-run", `#!/bin/sh
mkdir -p "$CREDENTIALS_DIRECTORY"
while [ "$1" != sh ]; do
	case $1 in LoadCredential=*) pair=${1#*=}; cp "${pair#*:}" "$CREDENTIALS_DIRECTORY/${pair%%:*}" ;; esac
	shift
done
exec "$@"`)
	got := m.sh(t, strings.ReplaceAll(read(t, "menjin-command"), "systemd-run", m.folder+"/bin/systemd-run"), "user", "lock", "alice", "--reason", `phone "stolen"`)
	want := "prod /var/lib/menjin|the key|the database\n<user>\n<lock>\n<alice>\n<--reason>\n<phone \"stolen\">\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEmbeddedBackupKeepsTheCopiesOfAWeek(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `[ "$1 $2" = "backup --out" ] && ! [ -e "$3" ] && echo copy >"$3"`)
	m.write(t, "lib/menjin-backup/next.tar.gz", "of a run that was cut off")
	_, line, _ := strings.Cut(read(t, "menjin-backup-embedded.service"), "ExecStart=/bin/sh -c '")
	line, _, _ = strings.Cut(line, "'\n")
	for range 2 {
		m.sh(t, line)
	}
	files, err := filepath.Glob(filepath.Join(m.folder, "lib/menjin-backup/*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got %v %v, want one file", files, err)
	}
	if got := read(t, files[0]); got != "copy\n" || !strings.HasSuffix(files[0], ".tar.gz") {
		t.Errorf("%s: got %q, want the copy", files[0], got)
	}
}
