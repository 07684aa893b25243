package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// publishProbe makes an image of the probe, from a copy of its source in a folder of its own.
func publishProbe(t *testing.T) string {
	t.Helper()
	source, out := t.TempDir(), t.TempDir()
	if err := os.CopyFS(source, os.DirFS("testdata/probe")); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), source, out, "", true, []string{"linux/amd64", "linux/arm64"}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameSourceInAnotherFolderMakesTheSameBytes(t *testing.T) {
	t.Parallel()
	one, other := publishProbe(t), publishProbe(t)
	entries, err := os.ReadDir(one)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
		a, b := read(t, filepath.Join(one, entry.Name())), read(t, filepath.Join(other, entry.Name()))
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the second build differs from the first", entry.Name())
		}
	}
	want := []string{
		"SHA256SUMS", "menjin-linux-amd64", "menjin-linux-amd64.cdx.json",
		"menjin-linux-arm64", "menjin-linux-arm64.cdx.json", "menjin.oci.tar",
	}
	if !slices.Equal(names, want) {
		t.Errorf("results: got %v, want %v", names, want)
	}
	sums := read(t, filepath.Join(one, "SHA256SUMS"))
	results := make(map[string][]byte)
	for _, name := range names[1:] {
		results[name] = read(t, filepath.Join(one, name))
	}
	if got := checksums(results); !bytes.Equal(got, sums) {
		t.Errorf("checksums: got %s, want %s", sums, got)
	}
}

func TestArchiveIsAValidImageForBothPlatforms(t *testing.T) {
	t.Parallel()
	images := imagesIn(t, filepath.Join(publishProbe(t), "menjin.oci.tar"))
	var platforms []string
	for platform, image := range images {
		platforms = append(platforms, platform)
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if got := config.OS + "/" + config.Architecture; got != platform {
			t.Errorf("platform in the configuration: got %s, want %s", got, platform)
		}
		if got := config.Config.User; got != "65532:65532" {
			t.Errorf("user: got %s, want 65532:65532", got)
		}
		if got := config.Config.Labels["org.opencontainers.image.licenses"]; got != "MIT" {
			t.Errorf("license: got %q, want MIT", got)
		}
	}
	slices.Sort(platforms)
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(platforms, want) {
		t.Errorf("platforms: got %v, want %v", platforms, want)
	}
}

// imagesIn reads an archive with a registry's library, which checks every digest and size, and returns its images by platform.
func imagesIn(t *testing.T, archive string) map[string]v1.Image {
	t.Helper()
	folder := t.TempDir()
	extract(t, bytes.NewReader(read(t, archive)), folder)
	top, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(outer.Manifests) != 1 || outer.Manifests[0].MediaType != types.OCIImageIndex {
		t.Fatalf("index.json: got %v, want one index", outer.Manifests)
	}
	index, err := top.ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("the index is not valid: %v", err)
	}
	manifests, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	images := make(map[string]v1.Image)
	for _, manifest := range manifests.Manifests {
		if images[manifest.Platform.String()], err = index.Image(manifest.Digest); err != nil {
			t.Fatal(err)
		}
	}
	return images
}

// extract unpacks a tar file as a container engine does, with owners where the test may give files away.
func extract(t *testing.T, content io.Reader, folder string) {
	t.Helper()
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if err == io.EOF { //nolint:errorlint // the reader's own word
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(folder, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(target, 0o755)
		} else {
			err = writeFile(target, reader)
		}
		if err == nil && os.Getuid() == 0 {
			err = os.Chown(target, header.Uid, header.Gid)
		}
		if err == nil {
			err = os.Chmod(target, header.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
