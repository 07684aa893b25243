package bootstrap_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandTakesAFolderWithoutADatabaseForAMistake(t *testing.T) {
	t.Parallel()
	s := local(t)
	for _, line := range []string{"outbox status", "outbox verify", "keys rotate", "user lock alice"} {
		status, out, log := run(t, s, strings.Fields(line)...)
		if want := "data_dir: there is no database in " + s["data_dir"]; status != 1 || out != "" || !strings.Contains(log, want) {
			t.Errorf("%s: got status %d, output %q, want 1 and %q in\n%s", line, status, out, want, log)
		}
	}
	nothingIsMade(t, s)
}

func TestMissingMasterKeyIsNamedAndNoneIsLeftInItsPlace(t *testing.T) {
	t.Parallel()
	s := local(t)
	says(t, s, []string{"migrate", "up"})
	says(t, s, []string{"keys", "list"})
	key := filepath.Join(s["data_dir"], "keys", "vault.json")
	content, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second would find what the first had made
		status, _, log := run(t, s, "serve")
		if want := "data_dir: " + key + " is missing"; status != 1 || !strings.Contains(log, want) {
			t.Errorf("got status %d, want 1 and %q in\n%s", status, want, log)
		}
		if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("in the place of the key: got %v, want nothing", err)
		}
	}
	if err := os.WriteFile(key, content, 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, s, []string{"keys", "list"}, "Version 1")
}

func TestBackupSaysWhatIsNotInIt(t *testing.T) {
	t.Parallel()
	s := local(t).with(settings{"database.url": "postgres://menjin@127.0.0.1:1/menjin", "sessions.url": "redis://127.0.0.1:1"})
	if err := os.Mkdir(s["data_dir"], 0o700); err != nil {
		t.Fatal(err)
	}
	status, _, log := run(t, s, "backup", "--out", filepath.Join(t.TempDir(), "b.tar"))
	for _, want := range []string{"NOT in it: users, which lie at database.url", "NOT in it: sessions, which lie at sessions.url"} {
		if status != 0 || !strings.Contains(log, want) {
			t.Errorf("got status %d, want 0 and %q in\n%s", status, want, log)
		}
	}
	if strings.Contains(log, "streams") {
		t.Errorf("the streams are embedded, and in it:\n%s", log)
	}
}

func TestBackupGoesToStandardOutput(t *testing.T) {
	t.Parallel()
	s := local(t)
	says(t, s, []string{"migrate", "up"})
	status, out, log := run(t, s, "backup", "--out", "-")
	if status != 0 || !strings.Contains(log, "wrote standard output: 1 files") {
		t.Fatalf("got status %d, want 0 and what was written in\n%s", status, log)
	}
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(s["data_dir"], "*.tar*")); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v %v, want nothing", left, err)
	}
	says(t, s, []string{"restore", file, "--data-dir", filepath.Join(t.TempDir(), "restored")}, "restored")
}
