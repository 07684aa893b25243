package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// file is a document held in memory, served with its hash as the tag that caches ask by. Of its two forms one is at hand, and the
// other is made at the first wish.
type file struct {
	name, contentType string
	tag               string
	plain, zipped     func() []byte
}

func newFile(name, contentType string, content []byte) *file {
	return &file{
		name: name, contentType: contentType, tag: hashOf(content),
		plain:  func() []byte { return content },
		zipped: sync.OnceValue(func() []byte { return zip(content) }),
	}
}

// newZippedFile is a file that was built in as gzip made it.
func newZippedFile(name, contentType string, zipped []byte) *file {
	return &file{
		name: name, contentType: contentType, tag: hashOf(zipped),
		plain:  sync.OnceValue(func() []byte { return unzip(name, zipped) }),
		zipped: func() []byte { return zipped },
	}
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

func zip(content []byte) []byte {
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, _ = writer.Write(content) // a buffer takes everything
	_ = writer.Close()
	return zipped.Bytes()
}

func unzip(name string, zipped []byte) []byte {
	var content bytes.Buffer
	reader, err := gzip.NewReader(bytes.NewReader(zipped))
	if err == nil {
		_, err = content.ReadFrom(reader)
	}
	if err != nil {
		panic(fmt.Sprintf("embedded file %s cannot be unzipped: %v", name, err)) // only a broken build can
	}
	return content.Bytes()
}

// send answers with the file, or with 304 when the client has it. Asked for by its hash, it may be kept for good.
func (f *file) send(w http.ResponseWriter, r *http.Request) error {
	header := w.Header()
	header.Add("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.tag {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content, tag := f.plain, `"`+f.tag+`"`
	if acceptsGzip(r) {
		content, tag = f.zipped, `"`+f.tag+`-gzip"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", f.contentType)
	_, err := w.Write(content())
	return err
}

func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" {
			return strings.Trim(strings.TrimSpace(quality), "0.") != "q="
		}
	}
	return false
}
