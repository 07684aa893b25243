// Package revision makes the program as it stood at another revision of the repository, and leaves the working copy alone.
package revision

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Revision is one state of the repository.
type Revision struct {
	name   string // as it was asked for
	commit string
	dir    string // the top of the repository
}

// Find looks a tag, a branch or a commit up in the repository whose top is dir. What it says of one that is not there is for
// whoever asked.
func Find(ctx context.Context, dir, name string) (*Revision, error) {
	if err := isTop(ctx, dir); err != nil {
		return nil, err
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", name+"^{commit}")
	if err == nil {
		return &Revision{name: name, commit: commit, dir: dir}, nil
	}
	if shallow, _ := git(ctx, dir, "rev-parse", "--is-shallow-repository"); shallow == "true" {
		return nil, fmt.Errorf("%q is not in this shallow clone: git fetch --unshallow --tags brings the rest (%w)", name, err)
	}
	return nil, fmt.Errorf("%q is no revision of this clone: git fetch --tags brings what is new (%w)", name, err)
}

// isTop returns an error unless dir is where a repository begins. A release that was unpacked from an archive may lie inside the
// repository of something else, whose revisions are not ours.
func isTop(ctx context.Context, dir string) error {
	prefix, err := git(ctx, dir, "rev-parse", "--show-prefix")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("find a revision: %w", err)
	case err != nil:
		return fmt.Errorf("%s is not a git repository, an archive has no revisions: take a clone (%w)", dir, err)
	case prefix != "":
		return fmt.Errorf("%s lies inside another git repository: take a clone", dir)
	}
	return nil
}

// String names the revision and, where that does not say it, the commit.
func (r *Revision) String() string {
	if strings.HasPrefix(r.commit, r.name) {
		return r.name
	}
	return r.name + " (" + r.commit[:12] + ")"
}
