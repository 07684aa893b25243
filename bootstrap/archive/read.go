package archive

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Verify reads all of an archive and returns its manifest. It writes nothing.
func Verify(from string) (Manifest, error) {
	return read(from, func(File, io.Reader) error { return nil })
}

// Unpack writes the files of an archive into a folder, for their owner alone. What was verified before is verified again.
func Unpack(from, folder string) (Manifest, error) {
	return read(from, func(file File, content io.Reader) error {
		name := filepath.Join(folder, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // verified to lie within
		if err != nil {
			return err
		}
		_, err = io.Copy(out, content)
		return errors.Join(err, out.Sync(), out.Close())
	})
}

// read gives every file to take, which need not read it.
func read(from string, take func(File, io.Reader) error) (manifest Manifest, err error) {
	file, err := os.Open(from) //nolint:gosec // the caller's to choose
	if err != nil {
		return manifest, err
	}
	defer file.Close()
	var source io.Reader = file
	if !strings.HasSuffix(from, ".tar") {
		if source, err = gzip.NewReader(file); err != nil {
			return manifest, fmt.Errorf("%s is no archive of this program: %w", from, err)
		}
	}
	in := tar.NewReader(source)
	if manifest, err = readManifest(in); err != nil {
		return manifest, fmt.Errorf("%s: %w", from, err)
	}
	for _, file := range manifest.Files {
		if err := readFile(in, file, take); err != nil {
			return manifest, fmt.Errorf("%s: %s: %w", from, file.Path, err)
		}
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return manifest, fmt.Errorf("%s holds more than its manifest says", from)
	}
	return manifest, nil
}

func readManifest(in *tar.Reader) (manifest Manifest, err error) {
	header, err := in.Next()
	if err != nil || header.Name != manifestName || header.Size > maxManifest {
		return manifest, errors.Join(errors.New("no archive of this program"), err)
	}
	if err := json.NewDecoder(io.LimitReader(in, maxManifest)).Decode(&manifest); err != nil {
		return manifest, fmt.Errorf("read the manifest: %w", err)
	}
	if manifest.Format != Format {
		return manifest, fmt.Errorf("format %d; this release reads %d", manifest.Format, Format)
	}
	if len(manifest.Files) > maxFiles {
		return manifest, errors.New("the manifest names too many files")
	}
	seen := map[string]bool{}
	for _, file := range manifest.Files {
		if !filepath.IsLocal(filepath.FromSlash(file.Path)) || path.Clean(file.Path) != file.Path || seen[file.Path] || file.Size < 0 {
			return manifest, errors.New("the manifest names a file that cannot be")
		}
		seen[file.Path] = true
	}
	return manifest, nil
}

func readFile(in *tar.Reader, want File, take func(File, io.Reader) error) error {
	header, err := in.Next()
	if err != nil {
		return fmt.Errorf("missing: %w", err)
	}
	if header.Name != want.Path || header.Typeflag != tar.TypeReg || header.Size != want.Size {
		return errors.New("is not what the manifest says")
	}
	digest := sha256.New()
	content := io.TeeReader(in, digest)
	if err := take(want, content); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if hex.EncodeToString(digest.Sum(nil)) != want.SHA256 {
		return errors.New("is damaged: its checksum differs")
	}
	return nil
}
