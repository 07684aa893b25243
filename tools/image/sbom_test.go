package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"runtime"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// This test's own binary stands in for the service: it has modules too, which the probe has not.
func TestBillOfMaterialsListsWhatTheLinkerPutIntoTheProgram(t *testing.T) {
	t.Parallel()
	p, err := compile(t.Context(), ".", t.TempDir(), "linux/"+runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	content := read(t, p.path)
	text, err := billOfMaterials(p, content)
	if err != nil {
		t.Fatal(err)
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, part := range *bom.Components {
		got = append(got, part.PackageURL)
	}
	info, err := buildinfo.ReadFile(p.path)
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, "pkg:golang/std@"+strings.TrimPrefix(info.GoVersion, "go"))
	for _, module := range info.Deps {
		want = append(want, "pkg:golang/"+module.Path+"@"+module.Version)
	}
	if len(info.Deps) < 3 {
		t.Errorf("modules in the program: got %d, want some", len(info.Deps))
	}
	// The image's certificates are no code of the program, and listed all the same.
	certificates := got[len(got)-1]
	if !strings.HasPrefix(certificates, "pkg:golang/golang.org/x/crypto/x509roots/fallback@v0.0.0-") {
		t.Errorf("certificates: got %s", certificates)
	}
	if got = got[:len(got)-1]; !slices.Equal(got, want) {
		t.Errorf("components: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	hash := sha256.Sum256(content)
	if sum := (*bom.Metadata.Component.Hashes)[0].Value; sum != hex.EncodeToString(hash[:]) {
		t.Errorf("hash of the program: got %s, want %x", sum, hash)
	}
}
