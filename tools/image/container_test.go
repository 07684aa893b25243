package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// container is the unpacked image of this machine's platform, in which programs run as its user and see nothing else.
type container struct {
	root   string
	config v1.Config
}

func unpackImage(t *testing.T, archive string) container {
	t.Helper()
	image, found := imagesIn(t, archive)["linux/"+runtime.GOARCH]
	if !found {
		t.Fatalf("no image for %s", runtime.GOARCH)
	}
	root := t.TempDir()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		extract(t, content, root)
		content.Close()
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return container{root, config.Config}
}

// command runs the image's entry point, as its user, with its environment and more. A test that is not root is root in a
// namespace of its own.
func (c container) command(environ []string, args ...string) *exec.Cmd {
	argv := append(append([]string(nil), c.config.Entrypoint...), args...)
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // ended by signals
	cmd.Path, cmd.Dir = argv[0], c.config.WorkingDir
	cmd.Env = append(append([]string(nil), c.config.Env...), environ...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: c.root, Credential: &syscall.Credential{Uid: user, Gid: user}, Pdeathsig: syscall.SIGKILL,
	}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.Credential.NoSetGroups = true
	}
	return cmd
}

func TestProgramInTheImageFindsCertificatesZonesAndOneFolderToWriteTo(t *testing.T) {
	t.Parallel()
	c := unpackImage(t, filepath.Join(publishProbe(t), "menjin.oci.tar"))
	var args []string
	for root := range bundle.Roots() {
		if root.Constraint == nil { // the first of those that every program may trust
			if err := os.WriteFile(filepath.Join(c.root, "data", "root"), root.Certificate, 0o644); err != nil {
				t.Fatal(err)
			}
			args = []string{"/data/root"}
			break
		}
	}
	got, err := c.command(nil, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	want := "root is trusted: true\nnoon: 12:00:00\nuser: 65532 65532\nmay write to /: false\nmay write to /etc: false\n" +
		"may write to /usr: false\nmay write to /data: true\n"
	if os.Getuid() != 0 {
		want = "root is trusted: true\nnoon: 12:00:00\n" // without root everything belongs to the test's own user
		got = got[:min(len(got), len(want))]
	}
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
