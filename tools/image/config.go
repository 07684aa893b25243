package main

import (
	"regexp"
	"strconv"

	oci "github.com/opencontainers/image-spec/specs-go/v1"
)

// imageName is what the image is called where nobody names it otherwise.
const imageName = "ghcr.io/menjin-id/menjin"

// environment is for a container: production, which starts with nothing made up, data in the volume, reachable from outside.
// SQLite's temporary files go there too, as nothing else can be written.
func environment() []string {
	return []string{"MENJIN_ENV=prod", "MENJIN_HTTP_ADDR=:8080", "MENJIN_DATA_DIR=/data", "TMPDIR=/data"}
}

// imageConfig is how the image is run. OCI knows of no health check: menjin health is there for who has one.
func imageConfig(p program, layers []layer) oci.Image {
	created := p.created()
	image := oci.Image{
		Created:  &created,
		Platform: oci.Platform{OS: p.system, Architecture: p.arch},
		Config: oci.ImageConfig{
			User:         strconv.Itoa(user) + ":" + strconv.Itoa(user),
			ExposedPorts: map[string]struct{}{"8080/tcp": {}},
			Env:          environment(),
			Entrypoint:   []string{"/menjin"},
			Volumes:      map[string]struct{}{"/data": {}},
			WorkingDir:   "/data",
			Labels:       labels(p),
			StopSignal:   "SIGTERM",
		},
		RootFS: oci.RootFS{Type: "layers"},
	}
	for _, l := range layers {
		image.RootFS.DiffIDs = append(image.RootFS.DiffIDs, l.plain)
	}
	for _, what := range []string{"certificates, zone data, user", "menjin"} {
		image.History = append(image.History, oci.History{Created: &created, CreatedBy: "tools/image: " + what})
	}
	return image
}

func labels(p program) map[string]string {
	words := map[string]string{
		oci.AnnotationTitle:       "menjin",
		oci.AnnotationDescription: "Identity backend for WeChat mini-programs",
		oci.AnnotationSource:      "https://" + p.info.Main.Path,
		oci.AnnotationVersion:     p.version(),
		oci.AnnotationLicenses:    license,
	}
	if revision := p.setting("vcs.revision"); revision != "" {
		words[oci.AnnotationRevision] = revision
	}
	return words
}

var notInTags = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// tag is the version as a registry takes it.
func tag(p program) string { return notInTags.ReplaceAllString(p.version(), "-") }
