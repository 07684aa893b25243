package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// program is a static executable and what its build wrote into it.
type program struct {
	path         string
	system, arch string
	info         *buildinfo.BuildInfo
}

func (p program) platform() string { return p.system + "/" + p.arch }

// tags leave out the pages that gRPC has for debugging: their templates would make the linker keep every exported method of every
// type, a third more than there is now (docs/decisions/0017-no-templates.md).
const tags = "grpcnotrace"

// compile builds the program in source. Nothing of this machine gets into it: no paths, no C library, no linker's own id, and
// the oldest processors of each architecture, whatever the environment asks for.
func compile(ctx context.Context, source, folder, platform string) (program, error) {
	system, arch, found := strings.Cut(platform, "/")
	if !found {
		return program{}, errors.New("a platform is system/architecture, e.g. linux/amd64")
	}
	path, err := filepath.Abs(filepath.Join(folder, "menjin-"+system+"-"+arch))
	if err != nil {
		return program{}, err
	}
	//nolint:gosec // the words are this program's own
	build := exec.CommandContext(ctx, "go", "build", "-tags", tags, "-trimpath", "-ldflags", "-s -w -buildid=", "-o", path, ".")
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if output, err := build.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("go build: %w\n%s", err, output)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return program{}, fmt.Errorf("read build information: %w", err)
	}
	return program{path: path, system: system, arch: arch, info: info}, nil
}

func (p program) setting(key string) string {
	for _, setting := range p.info.Settings {
		if setting.Key == key {
			return setting.Value
		}
	}
	return ""
}

// version is the module's, or devel for a build that knows of no commit.
func (p program) version() string {
	if version := p.info.Main.Version; version != "" && version != "(devel)" {
		return version
	}
	return "devel"
}

// created is SOURCE_DATE_EPOCH, or the time of the commit, or the beginning of time: never the time of the build.
func (p program) created() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	if commit, err := time.Parse(time.RFC3339, p.setting("vcs.time")); err == nil {
		return commit.UTC()
	}
	return time.Unix(0, 0).UTC()
}

// zoneArchive is the zone data that comes with Go.
func zoneArchive(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("ask for GOROOT: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip")
	_, err = os.Stat(path)
	return path, err
}
