// Package stage starts the real servers of a chaos run, each in a folder of its own, kills and restores them on command, and
// leaves nothing of them behind.
package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Stage is a folder for everything that is started, and what was. It is not for concurrent use, nor is anything on it.
type Stage struct {
	dir     string
	program string // the harness itself, which plays most parts
	closers []func()
}

// New makes the folder. Close stops what was started and deletes it. The settings of whoever runs the harness do not reach
// the children.
func New() (*Stage, error) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "MENJIN_") {
			_ = os.Unsetenv(name) // it fails for names that cannot be
		}
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "menjin-chaos-")
	if err != nil {
		return nil, err
	}
	// PostgreSQL runs as another user when we are root, and has to get to its folder.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // what lies in it is closed to others
		return nil, err
	}
	return &Stage{dir: dir, program: program}, nil
}

// Close ends everything, the last started first.
func (s *Stage) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	_ = os.RemoveAll(s.dir) // a leftover in the temporary folder is no reason to fail
}

// Folder makes a folder that goes with the stage.
func (s *Stage) Folder(name string) (string, error) {
	dir := filepath.Join(s.dir, name)
	return dir, os.Mkdir(dir, 0o700)
}

// OnClose has Close call end before it ends what was there before.
func (s *Stage) OnClose(end func()) { s.closers = append(s.closers, end) }

// replace puts a copy of the files in from in place of what is in to, which stays the same folder.
func replace(to, from string) error {
	entries, err := os.ReadDir(to)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}
