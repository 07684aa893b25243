package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// epoch is the time of every file, so that the time of the build is nowhere.
var epoch = time.Unix(0, 0).UTC()

// layer is a packed set of files. Its two names are of the packed and of the plain bytes.
type layer struct {
	packed []byte
	digest digest.Digest
	plain  digest.Digest
}

func newLayer(files []file) (layer, error) {
	plain, err := tarball(files)
	if err != nil {
		return layer{}, err
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return layer{}, err
	}
	if _, err := writer.Write(plain); err != nil {
		return layer{}, err
	}
	if err := writer.Close(); err != nil {
		return layer{}, err
	}
	return layer{packed: packed.Bytes(), digest: digest.FromBytes(packed.Bytes()), plain: digest.FromBytes(plain)}, nil
}

func tarball(files []file) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Uid: f.owner, Gid: f.owner,
			Size: int64(len(f.content)), ModTime: epoch, Format: tar.FormatUSTAR,
		}
		if f.folder() {
			header.Typeflag = tar.TypeDir
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
		if _, err := writer.Write(f.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	err := writer.Close()
	return out.Bytes(), err
}

// checksums is what sha256sum --check reads.
func checksums(results map[string][]byte) []byte {
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(results)) {
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(results[name]), name)
	}
	return out.Bytes()
}
