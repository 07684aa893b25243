package revision

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// interrupted is how long a compiler may take to clean up behind itself.
const interrupted = 5 * time.Second

// Build writes the tree of the revision and the program made of it into an empty folder, and returns the program's path. Its error
// has what the compiler said.
func (r *Revision) Build(ctx context.Context, folder string) (program string, err error) {
	archive, tree := filepath.Join(folder, "tree.tar"), filepath.Join(folder, "tree")
	if _, err := git(ctx, r.dir, "archive", "--format=tar", "--output="+archive, r.commit); err != nil {
		return "", fmt.Errorf("take the tree of %s: %w", r, err)
	}
	if err := os.Mkdir(tree, 0o700); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "tar", "-xf", archive, "-C", tree).CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack the tree of %s: %w\n%s", r, err, out)
	}
	program = filepath.Join(folder, "menjin")
	// The folder may lie inside a repository or a workspace that has nothing to do with the tree.
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", program, ".")
	command.Dir = tree
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interrupted
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", r, err, out)
	}
	return program, nil
}
