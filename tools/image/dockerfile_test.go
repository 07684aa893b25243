package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages reads the Dockerfile as Docker does, its complaints included.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	tree, err := parser.Parse(bytes.NewReader(read(t, "../../Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range tree.Warnings {
		t.Errorf("warning: %s", warning.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, text string, _ []parser.Range) { t.Errorf("%s: %s", rule, text) }})
	parsed, _, err := instructions.Parse(tree.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestDockerfileSaysOfTheImageWhatTheArchiveSays(t *testing.T) {
	t.Parallel()
	last := stages(t)[1]
	if last.BaseName != "scratch" {
		t.Errorf("base: got %s, want scratch", last.BaseName)
	}
	p, err := compile(t.Context(), "testdata/probe", t.TempDir(), "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	want := imageConfig(p, nil).Config
	var environ []string
	for _, command := range last.Commands {
		switch c := command.(type) {
		case *instructions.EnvCommand:
			for _, pair := range c.Env {
				environ = append(environ, pair.String())
			}
		case *instructions.UserCommand:
			same(t, "user", c.User, want.User)
		case *instructions.WorkdirCommand:
			same(t, "folder", c.Path, want.WorkingDir)
		case *instructions.StopSignalCommand:
			same(t, "signal", c.Signal, want.StopSignal)
		case *instructions.EntrypointCommand:
			same(t, "entry point", strings.Join(c.CmdLine, " "), strings.Join(want.Entrypoint, " "))
		case *instructions.HealthCheckCommand:
			same(t, "health check", strings.Join(c.Health.Test, " "), "CMD /menjin health")
		case *instructions.ExposeCommand:
			if _, found := want.ExposedPorts[c.Ports[0]]; !found || len(c.Ports) != 1 {
				t.Errorf("ports: got %v, want %v", c.Ports, want.ExposedPorts)
			}
		case *instructions.VolumeCommand:
			if _, found := want.Volumes[c.Volumes[0]]; !found || len(c.Volumes) != 1 {
				t.Errorf("volumes: got %v, want %v", c.Volumes, want.Volumes)
			}
		case *instructions.CopyCommand:
		default:
			t.Errorf("%s: the archive does not know it", c.Name())
		}
	}
	if !slices.Equal(environ, want.Env) {
		t.Errorf("environment: got %v, want %v", environ, want.Env)
	}
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// What the build stage runs is tried with a small program: it writes the very files of the archive's layers, and the Dockerfile
// copies each of them, the volume to the user and the rest to root.
func TestDockerfileCopiesEveryFileOfTheArchive(t *testing.T) {
	t.Parallel()
	root, out := filepath.Join(t.TempDir(), "rootfs"), publishProbe(t)
	if err := run(t.Context(), "testdata/probe", "", root, false, []string{"linux/amd64"}); err != nil {
		t.Fatal(err)
	}
	copied := make(map[string]string) // what to whom
	for _, command := range stages(t)[1].Commands {
		if c, is := command.(*instructions.CopyCommand); is {
			same(t, "target of COPY", "/rootfs"+c.DestPath, c.SourcePaths[0])
			copied[strings.TrimPrefix(c.DestPath, "/")] = c.Chown
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		want := "0:0"
		if entry.Name() == "data" {
			want = "65532:65532"
		}
		same(t, "owner of /"+entry.Name(), copied[entry.Name()], want)
	}
	if len(entries) != len(copied) {
		t.Errorf("copied: got %v, want just %v", copied, entries)
	}
	image := t.TempDir()
	packed, err := imagesIn(t, filepath.Join(out, "menjin.oci.tar"))["linux/amd64"].Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range packed {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		extract(t, content, image)
		content.Close()
	}
	if difference, err := exec.Command("diff", "-r", root, image).CombinedOutput(); err != nil {
		t.Errorf("files of the two images: %v\n%s", err, difference)
	}
}

func TestDockerfileIsGivenWhatItsBuildNeeds(t *testing.T) {
	t.Parallel()
	ignored := string(read(t, "../../.dockerignore"))
	if !strings.Contains(ignored, "\n*\n") {
		t.Fatal("the build is given everything but what is named; want nothing but what is named")
	}
	imported, err := exec.Command("go", "list", "-C", "../..", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	module, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for folder := range strings.FieldsSeq(string(imported)) {
		below, err := filepath.Rel(module, folder)
		if err != nil {
			t.Fatal(err)
		}
		if top, _, _ := strings.Cut(below, "/"); top != "." && !strings.Contains(ignored, "\n!"+top+"\n") {
			t.Errorf("%s is part of the program and kept from the build", below)
		}
	}
}
