// Package keyfile keeps keys of a single machine in files that nobody else can read.
package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/menjin-id/menjin/domain"
)

const (
	fileMode   = 0o600
	folderMode = 0o700
	maxFile    = 1 << 20
)

// ReadOrCreate returns what a file holds, or what generate makes, which the file then holds, and says which. Processes that
// start at once on the same folder agree on one content. It refuses a file that other accounts of the machine can read.
func ReadOrCreate(path string, generate func() (domain.Secret, error)) (content domain.Secret, created bool, err error) {
	text, err := readPrivate(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return domain.NewSecret(string(text)), false, err
	}
	content, err = generate()
	if err != nil {
		return domain.Secret{}, false, err
	}
	err = Create(path, content)
	if errors.Is(err, fs.ErrExist) { // another process was first: its keys are the keys
		text, err = readPrivate(path)
		return domain.NewSecret(string(text)), false, err
	}
	return content, err == nil, err
}

func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() &^ fileMode; open != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %04o: others can use the keys in it; make it %04o", path, info.Mode().Perm(), fileMode)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s is too large for a key file", path)
	}
	return content, err
}

// Create writes a file that only its owner can read. It appears whole or not at all, and never over another, for which the
// error matches fs.ErrExist: it is written under a name nobody looks for and linked to the right one.
func Create(path string, content domain.Secret) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, folderMode); err != nil {
		return err
	}
	draft, err := os.CreateTemp(folder, ".key-*") // CreateTemp's mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(content.Reveal())
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder keeps a crash right after creation from losing the name of a file whose keys are in use.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && runtime.GOOS != "windows" { // where a folder cannot be synced
		return err
	}
	return nil
}
