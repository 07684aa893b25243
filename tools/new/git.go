package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(fault.String()))
	}
	return out.String(), nil
}

// repository is the root of the working copy that this program lies in.
func repository(ctx context.Context) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	root, err := git(ctx, here, "rev-parse", "--show-toplevel")
	return strings.TrimSpace(root), err
}

// files lists what git tracks, or would if it were added.
func files(ctx context.Context, root string) (names []string, err error) {
	list, err := git(ctx, root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(list, "\x00") {
		if _, err := os.Lstat(filepath.Join(root, name)); name == "" || seen[name] || errors.Is(err, os.ErrNotExist) {
			continue // deleted, or in conflict
		}
		seen[name] = true
		names = append(names, name)
	}
	return names, nil
}

// begin starts the history, and reports whether git knew whose the first commit is.
func begin(ctx context.Context, dir string) (committed bool, err error) {
	if _, err := git(ctx, dir, "init", "-q", "-b", "main"); err != nil {
		return false, err
	}
	if _, err := git(ctx, dir, "add", "-A"); err != nil {
		return false, err
	}
	if _, err := git(ctx, dir, "config", "user.email"); err != nil {
		return false, nil
	}
	_, err = git(ctx, dir, "commit", "-q", "-m", "Begin")
	return err == nil, err
}
