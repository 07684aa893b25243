// Package archive packs a folder into one file with a manifest, and unpacks it after having verified all of it.
package archive

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Format is the manifest's. An archive of another one is refused.
const Format = 1

const (
	manifestName = "manifest.json"
	maxManifest  = 4 << 20
	maxFiles     = 10_000
)

// Manifest says what an archive holds.
type Manifest struct {
	Format    int       `json:"format"`
	MadeAt    time.Time `json:"made_at"`
	Version   string    `json:"version"` // of the program
	Schema    int64     `json:"schema"`  // of the database; 0: there is none in it
	MasterKey bool      `json:"master_key"`
	Online    bool      `json:"online"` // the service ran
	Files     []File    `json:"files"`
}

// File is one of the files, in the order of the archive.
type File struct {
	Path   string `json:"path"` // with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Write packs the regular files of a folder into a new file that only its owner can read; a name that ends in .tar is not
// compressed. The file appears whole or not at all, and never over another, for which the error matches fs.ErrExist. It
// returns the manifest with the files filled in.
func Write(to, folder string, manifest Manifest) (Manifest, error) {
	manifest.Format = Format
	var err error
	if manifest.Files, err = list(folder); err != nil {
		return manifest, err
	}
	draft, err := os.CreateTemp(filepath.Dir(to), ".backup-*") // with mode 0600
	if err != nil {
		return manifest, err
	}
	defer os.Remove(draft.Name())
	err = pack(draft, folder, manifest, !strings.HasSuffix(to, ".tar"))
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return manifest, err
	}
	return manifest, os.Link(draft.Name(), to)
}

func list(folder string) (files []File, err error) {
	err = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		content, err := os.Open(name) //nolint:gosec // found in the folder
		if err != nil {
			return err
		}
		defer content.Close()
		digest := sha256.New()
		size, err := io.Copy(digest, content)
		files = append(files, File{filepath.ToSlash(relative), size, hex.EncodeToString(digest.Sum(nil))})
		return err
	})
	return files, err
}

func pack(to io.Writer, folder string, manifest Manifest, compress bool) error {
	closers := []io.Closer{}
	if compress {
		compressed := gzip.NewWriter(to)
		to, closers = compressed, append(closers, compressed)
	}
	out := tar.NewWriter(to)
	closers = append([]io.Closer{out}, closers...)
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := put(out, manifestName, int64(len(text)), strings.NewReader(string(text)), manifest.MadeAt); err != nil {
		return err
	}
	for _, file := range manifest.Files {
		if err := putFile(out, folder, file, manifest.MadeAt); err != nil {
			return err
		}
	}
	for _, closer := range closers {
		err = errors.Join(err, closer.Close())
	}
	return err
}

func putFile(out *tar.Writer, folder string, file File, at time.Time) error {
	content, err := os.Open(filepath.Join(folder, filepath.FromSlash(file.Path))) //nolint:gosec // found in the folder
	if err != nil {
		return err
	}
	defer content.Close()
	return put(out, file.Path, file.Size, content, at)
}

func put(out *tar.Writer, name string, size int64, content io.Reader, at time.Time) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(out, content)
	return err
}
