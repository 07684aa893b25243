package archive_test

import (
	"archive/tar"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/menjin-id/menjin/bootstrap/archive"
)

func TestUnpackedFilesAreThosePacked(t *testing.T) {
	t.Parallel()
	from, to, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "a.tar.gz")
	if err := os.WriteFile(filepath.Join(from, "one"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(file, from, archive.Manifest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(file, from, archive.Manifest{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("write over a file: got %v, want one that matches fs.ErrExist", err)
	}
	if _, err := archive.Unpack(file, to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(to, "one")); err != nil || string(got) != "content" {
		t.Errorf("unpacked: got %q, %v", got, err)
	}
}

func TestArchiveThatLeadsOutOfItsFolderIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../out", "/out", "a/../../out", "a/./b", ""} {
		path := filepath.Join(t.TempDir(), "evil.tar")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		out := tar.NewWriter(file)
		text := `{"format":1,"files":[{"path":"` + name + `","size":0,"sha256":""}]}`
		err = out.WriteHeader(&tar.Header{Name: "manifest.json", Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o600})
		if err == nil {
			_, err = out.Write([]byte(text))
		}
		if err := errors.Join(err, out.Close(), file.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Verify(path); err == nil {
			t.Errorf("a file called %q: got no error", name)
		}
	}
}
