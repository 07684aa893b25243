package revision

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// saying is the source of a program that says a word.
func saying(word string) string {
	return fmt.Sprintf("package main\n\nfunc main() { print(%q) }\n", word)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(t.Context(), dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func commit(t *testing.T, dir, source string) {
	t.Helper()
	write(t, dir, "main.go", source)
	run(t, dir, "add", "-A")
	run(t, dir, "-c", "user.name=menjin", "-c", "user.email=menjin@example.com", "-c", "commit.gpgSign=false", "-c", "core.hooksPath=",
		"commit", "-q", "-m", "one more")
}

// history is a repository of three revisions, "before", "broken" and the last, whose working copy does not compile.
func history(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		testserver.Missing(t, "git", "git")
	}
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	write(t, dir, "go.mod", "module example.com/tiny\n\ngo 1.26\n")
	commit(t, dir, saying("the release before"))
	run(t, dir, "tag", "before")
	commit(t, dir, "package main\n\nfunc main() { nobody() }\n")
	run(t, dir, "branch", "broken")
	commit(t, dir, saying("this release"))
	write(t, dir, "main.go", "not Go at all")
	return dir
}

func TestProgramIsThatOfTheRevisionAndTheWorkingCopyStaysAsItIs(t *testing.T) {
	t.Parallel()
	dir := history(t)
	state := func() string {
		return run(t, dir, "status", "--porcelain", "--branch", "--ignored") + run(t, dir, "worktree", "list") + run(t, dir, "for-each-ref")
	}
	untouched := state()
	for name, want := range map[string]string{"before": "the release before", "HEAD": "this release", "HEAD~2": "the release before"} {
		r, err := Find(t.Context(), dir, name)
		if err != nil {
			t.Fatal(err)
		}
		path, err := r.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		said, err := exec.CommandContext(t.Context(), path).CombinedOutput()
		if err != nil || string(said) != want {
			t.Errorf("program of %s: said %q, %v, want %q", r, said, err, want)
		}
	}
	if now := state(); now != untouched {
		t.Errorf("the repository was\n%s\nand is\n%s", untouched, now)
	}
}

func TestFailureShowsWhatTheCompilerSaid(t *testing.T) {
	t.Parallel()
	r, err := Find(t.Context(), history(t), "broken")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Build(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "main.go:3:15: undefined: nobody") ||
		!strings.Contains(err.Error(), "build broken (") {
		t.Errorf("got %v, want the revision and the compiler's complaint", err)
	}
}

func TestNameSaysTheCommitUnlessItIsOne(t *testing.T) {
	t.Parallel()
	dir := history(t)
	commit := run(t, dir, "rev-parse", "before")
	for name, want := range map[string]string{"before": "before (" + commit[:12] + ")", commit[:7]: commit[:7]} {
		r, err := Find(t.Context(), dir, name)
		if err != nil || r.String() != want {
			t.Errorf("%s: got %v, %v, want %s", name, r, err, want)
		}
	}
}

func TestRevisionThatCannotBeFoundIsExplained(t *testing.T) {
	t.Parallel()
	dir := history(t)
	below, shallow := filepath.Join(dir, "below"), filepath.Join(t.TempDir(), "shallow")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "clone", "-q", "--depth=1", "file://"+filepath.ToSlash(dir), shallow)
	for want, where := range map[string]string{
		"git fetch --tags": dir, "git fetch --unshallow --tags": shallow, "not a git repository": t.TempDir(), "another git repository": below,
	} {
		for _, name := range []string{"before~1", "nonsense"} {
			if r, err := Find(t.Context(), where, name); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %s: got %v, %v, want %q", name, where, r, err, want)
			}
		}
	}
}
