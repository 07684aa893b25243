package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	oci "github.com/opencontainers/image-spec/specs-go/v1"
)

// blobs collects the blobs of an OCI image layout.
type blobs struct{ content map[digest.Digest][]byte }

func (b blobs) add(mediaType string, content []byte) oci.Descriptor {
	name := digest.FromBytes(content)
	b.content[name] = content
	return oci.Descriptor{MediaType: mediaType, Digest: name, Size: int64(len(content))}
}

func (b blobs) addJSON(mediaType string, value any) (oci.Descriptor, error) {
	content, err := json.Marshal(value)
	return b.add(mediaType, content), err
}

// buildImage makes the archive: one image for each program, on a base that they share, and an index over them.
func buildImage(zones string, programs []program) ([]byte, error) {
	files, err := baseFiles(zones)
	if err != nil {
		return nil, err
	}
	base, err := newLayer(files)
	if err != nil {
		return nil, fmt.Errorf("pack the base: %w", err)
	}
	b := blobs{content: make(map[digest.Digest][]byte)}
	index := oci.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: oci.MediaTypeImageIndex}
	for _, p := range programs {
		manifest, err := b.addImage(p, base)
		if err != nil {
			return nil, fmt.Errorf("image for %s: %w", p.platform(), err)
		}
		index.Manifests = append(index.Manifests, manifest)
	}
	top, err := b.addJSON(oci.MediaTypeImageIndex, index)
	if err != nil {
		return nil, err
	}
	top.Annotations = map[string]string{
		oci.AnnotationRefName:      tag(programs[0]),
		"io.containerd.image.name": imageName + ":" + tag(programs[0]),
		oci.AnnotationCreated:      programs[0].created().Format("2006-01-02T15:04:05Z"),
	}
	return b.archive(top)
}

func (b blobs) addImage(p program, base layer) (oci.Descriptor, error) {
	files, err := programFiles(p)
	if err != nil {
		return oci.Descriptor{}, err
	}
	binary, err := newLayer(files)
	if err != nil {
		return oci.Descriptor{}, err
	}
	layers := []layer{base, binary}
	config, err := b.addJSON(oci.MediaTypeImageConfig, imageConfig(p, layers))
	if err != nil {
		return oci.Descriptor{}, err
	}
	manifest := oci.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: oci.MediaTypeImageManifest,
		Config: config, Annotations: labels(p),
	}
	for _, packed := range layers {
		manifest.Layers = append(manifest.Layers, b.add(oci.MediaTypeImageLayerGzip, packed.packed))
	}
	descriptor, err := b.addJSON(oci.MediaTypeImageManifest, manifest)
	descriptor.Platform = &oci.Platform{OS: p.system, Architecture: p.arch}
	return descriptor, err
}

// archive is the layout as a tar file, blobs in the order of their names.
func (b blobs) archive(top oci.Descriptor) ([]byte, error) {
	index, err := json.Marshal(oci.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: oci.MediaTypeImageIndex, Manifests: []oci.Descriptor{top},
	})
	if err != nil {
		return nil, err
	}
	version, err := json.Marshal(oci.ImageLayout{Version: oci.ImageLayoutVersion})
	if err != nil {
		return nil, err
	}
	files := []file{
		{name: oci.ImageLayoutFile, mode: 0o644, content: version},
		{name: oci.ImageIndexFile, mode: 0o644, content: index},
		{name: "blobs/", mode: 0o755},
		{name: "blobs/sha256/", mode: 0o755},
	}
	for _, name := range slices.Sorted(maps.Keys(b.content)) {
		files = append(files, file{name: "blobs/sha256/" + name.Encoded(), mode: 0o644, content: b.content[name]})
	}
	return tarball(files)
}
