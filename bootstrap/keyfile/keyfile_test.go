package keyfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/menjin-id/menjin/bootstrap/keyfile"
	"github.com/menjin-id/menjin/domain"
)

func TestProcessesThatStartAtOnceAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "signing.pem")
	var number, created atomic.Int32
	got := make([]string, 20)
	var wait sync.WaitGroup
	for i := range got {
		wait.Go(func() {
			content, isNew, err := keyfile.ReadOrCreate(path, func() (domain.Secret, error) {
				return domain.NewSecret(strings.Repeat("k", int(number.Add(1)))), nil
			})
			if err != nil {
				t.Error(err)
			}
			if isNew {
				created.Add(1)
			}
			got[i] = content.Reveal()
		})
	}
	wait.Wait()
	for _, content := range got {
		if content != got[0] || content == "" {
			t.Errorf("got %q and %q", got[0], content)
		}
	}
	if created.Load() != 1 {
		t.Errorf("%d made the file, want 1", created.Load())
	}
}

func TestFileIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "vault.json")
	if err := keyfile.Create(path, domain.NewSecret("key")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(name), got, want)
		}
	}
	if err := keyfile.Create(path, domain.NewSecret("other")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want one that matches fs.ErrExist", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %d files, want 1 (%v)", len(left), err)
	}
}

func TestFileThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.json")
	if err := os.WriteFile(path, []byte("planted"), 0o644); err != nil { //nolint:gosec // the fault under test
		t.Fatal(err)
	}
	_, _, err := keyfile.ReadOrCreate(path, func() (domain.Secret, error) { return domain.NewSecret("new"), nil })
	if err == nil || strings.Contains(err.Error(), "planted") || !strings.Contains(err.Error(), "0600") {
		t.Errorf("got %v, want a refusal that says what to do", err)
	}
}
