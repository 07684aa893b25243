package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

//go:embed go.mod
var ownModule string

var certificatesVersion = regexp.MustCompile(`golang\.org/x/crypto/x509roots/fallback (\S+)`)

const license = "MIT"

// billOfMaterials lists, as CycloneDX, every module that the linker put into a program, the standard library, and what the
// image holds besides. It comes from the program itself, so that it cannot tell of another one.
func billOfMaterials(p program, content []byte) ([]byte, error) {
	hash := sha256.Sum256(content)
	top := component(cdx.ComponentTypeApplication, p.info.Main.Path, p.version())
	top.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(hash[:])}}
	top.Licenses = &cdx.Licenses{{License: &cdx.License{ID: license}}}
	top.Properties = &[]cdx.Property{{Name: "menjin:platform", Value: p.platform()}}

	components := []cdx.Component{component(cdx.ComponentTypeLibrary, "std", strings.TrimPrefix(p.info.GoVersion, "go"))}
	for _, dependency := range p.info.Deps {
		components = append(components, moduleComponent(dependency))
	}
	if found := certificatesVersion.FindStringSubmatch(ownModule); found != nil {
		components = append(components, component(cdx.ComponentTypeData, "golang.org/x/crypto/x509roots/fallback", found[1]))
	}
	needs := make([]string, len(components))
	for i, part := range components {
		needs[i] = part.BOMRef
	}

	bom := cdx.NewBOM()
	bom.SerialNumber = serialNumber(hash)
	bom.Metadata = &cdx.Metadata{Component: &top}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: top.BOMRef, Dependencies: &needs}}
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

func component(kind cdx.ComponentType, name, version string) cdx.Component {
	url := "pkg:golang/" + name + "@" + version
	return cdx.Component{Type: kind, BOMRef: url, Name: name, Version: version, PackageURL: url}
}

// moduleComponent names what was built, which a replacement may have taken the place of.
func moduleComponent(module *debug.Module) cdx.Component {
	if module.Replace != nil {
		module = module.Replace
	}
	part := component(cdx.ComponentTypeLibrary, module.Path, module.Version)
	if module.Sum != "" {
		part.Properties = &[]cdx.Property{{Name: "go:sum", Value: module.Sum}}
	}
	return part
}

// serialNumber is a UUID made of the program's hash: the same program has the same bill.
func serialNumber(hash [sha256.Size]byte) string {
	id := hash[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8, made by a rule of one's own
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
