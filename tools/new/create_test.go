package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const module = "example.com/acme/idp"

func root(t *testing.T) string {
	t.Helper()
	root, err := repository(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// made makes a new service of this repository.
func made(t *testing.T) string {
	t.Helper()
	got, err := create(t.Context(), root(t), filepath.Join(t.TempDir(), "idp"), module)
	if err != nil {
		t.Fatal(err)
	}
	return got.dir
}

// TestNewServiceIsGreenAndGrowsByTheGuides makes one copy for everything, since it is compiled anew.
func TestNewServiceIsGreenAndGrowsByTheGuides(t *testing.T) {
	t.Parallel()
	dir := made(t)
	guides := []string{"docs/guides/add-an-event.md", "docs/guides/add-a-sign-in-method.md"}
	for _, guide := range guides {
		follow(t, dir, guide, false)
	}
	unformatted := "test -z \"$(go tool -modfile=tools/go.mod gofumpt -l . | tee /dev/stderr)\"\n"
	if err := commands(t, dir, unformatted+"go build ./...\ngo vet ./...\ngo test ./internal/ringtest"); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"clients/go", "clients/go/kittest", "clients/go/examples"} { // which import each other
		if err := commands(t, filepath.Join(dir, other), "go vet ./..."); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
	for _, guide := range guides {
		t.Run(filepath.Base(guide), func(t *testing.T) {
			t.Parallel()
			follow(t, dir, guide, true)
		})
	}
}

func TestNewServiceKeepsLicenceAndNamesAndLosesThePath(t *testing.T) {
	t.Parallel()
	dir, source := made(t), root(t)
	same := func(name string) {
		was, _ := os.ReadFile(filepath.Join(source, name))
		is, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(was, is) {
			t.Errorf("%s differs from the original (%v)", name, err)
		}
	}
	same("LICENSE")
	same("adapters/cloudevent/schemas/menjin.user.registered.v1.json")
	from, err := currentModule(source)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, ".git/") || strings.HasPrefix(name, "README") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if bytes.Contains(text, []byte(from)) {
			t.Errorf("%s still names %s", name, from)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !bytes.HasPrefix(readme, []byte("# idp\n\nAn identity backend, made from [Menjin](https://"+from+")")) {
		t.Errorf("README.md begins %.120q (%v)", readme, err)
	}
}

func TestNewServiceHasAHistoryOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"config", "user.name", "Li"}, {"config", "user.email", "li@example.com"}} {
		if _, err := git(t.Context(), dir, args...); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GIT_AUTHOR_NAME", "Li")
	for name, text := range map[string]string{"go.mod": "module example.com/old\n", "README.md": "# Old\n", "README.zh-CN.md": "# Old\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(dir, ".git", "config")) // knows the name
	got, err := create(t.Context(), dir, filepath.Join(t.TempDir(), "new"), module)
	if err != nil || !got.committed || got.files != 3 {
		t.Fatalf("got %+v, %v, want three files committed", got, err)
	}
	count, err := git(t.Context(), got.dir, "rev-list", "--count", "HEAD")
	if err != nil || strings.TrimSpace(count) != "1" {
		t.Errorf("commits: got %q, %v, want 1", count, err)
	}
	state, err := git(t.Context(), got.dir, "status", "--porcelain")
	if err != nil || state != "" {
		t.Errorf("left uncommitted: %q, %v", state, err)
	}
}

func TestPathThatIsNoneOfOnesOwnIsRefused(t *testing.T) {
	t.Parallel()
	source := root(t)
	from, err := currentModule(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "idp", "example.com/../idp", "example.com/a b", "example.com/$HOME", "-x.example.com", from, from + "/idp"} {
		dir := filepath.Join(t.TempDir(), "idp")
		if _, err := create(t.Context(), source, dir, path); err == nil {
			t.Errorf("%q: got no error", path)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: the folder was left behind", path)
		}
	}
}

func TestFolderThatIsThereIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := create(context.WithoutCancel(t.Context()), root(t), dir, module); err == nil {
		t.Error("got no error")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the folder is gone: %v", err)
	}
}
