package main

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who the service runs as: a number that no system gives to anybody.
const user = 65532

// file is one entry of a layer. A name that ends with a slash is a folder.
type file struct {
	name    string
	mode    int64
	owner   int
	content []byte
}

func (f file) folder() bool { return strings.HasSuffix(f.name, "/") }

// baseFiles is everything but the program: it seldom changes, and is a layer of its own.
func baseFiles(zones string) ([]file, error) {
	files := []file{
		{name: "data/", mode: 0o700, owner: user},
		{name: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:0:root:/:/none\nmenjin:x:%d:%d:menjin:/data:/none\n", user, user)},
		{name: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:\nmenjin:x:%d:\n", user)},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: rootCertificates()},
	}
	zoneFiles, err := readZones(zones)
	if err != nil {
		return nil, fmt.Errorf("read zone data: %w", err)
	}
	return withFolders(append(files, zoneFiles...)), nil
}

func programFiles(p program) ([]file, error) {
	content, err := os.ReadFile(p.path)
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	return []file{{name: "menjin", mode: 0o755, content: content}}, nil
}

// rootCertificates is Mozilla's list, at the version that go.mod names. Roots that Mozilla trusts only for certificates issued
// before a day are left out: a file of certificates cannot say so.
func rootCertificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return out.Bytes()
}

func readZones(archive string) ([]file, error) {
	zones, err := zip.OpenReader(archive)
	if err != nil {
		return nil, err
	}
	defer zones.Close()
	var files []file
	for _, zone := range zones.File {
		if strings.HasSuffix(zone.Name, "/") {
			continue
		}
		content, err := fs.ReadFile(zones, zone.Name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "usr/share/zoneinfo/" + zone.Name, mode: 0o644, content: content})
	}
	return files, nil
}

// withFolders adds the folders that the files lie in, and puts all in one order.
func withFolders(files []file) []file {
	known := make(map[string]bool)
	for _, f := range files {
		known[f.name] = true
	}
	for _, f := range slices.Clone(files) {
		for parent := path.Dir(strings.TrimSuffix(f.name, "/")); parent != "."; parent = path.Dir(parent) {
			if name := parent + "/"; !known[name] {
				known[name] = true
				files = append(files, file{name: name, mode: 0o755})
			}
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files
}

// unpack writes the files below a folder. Owners are left to the one who copies them.
func unpack(files []file, folder string) error {
	for _, f := range files {
		target := filepath.Join(folder, filepath.FromSlash(f.name))
		var err error
		if f.folder() {
			err = os.MkdirAll(target, 0o755) //nolint:gosec // the mode comes below
		} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil { //nolint:gosec // as in the image
			err = writeFile(target, bytes.NewReader(f.content))
		}
		if err == nil {
			err = os.Chmod(target, os.FileMode(f.mode)) // whatever the umask
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	return nil
}

func writeFile(target string, content io.Reader) error {
	out, err := os.Create(target)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, content)
	return err
}
