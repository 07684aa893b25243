//go:build unix

package testserver_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver"
)

// orphanEnv names the folder in which a second test process starts a server and is killed.
const orphanEnv = "MENJIN_TEST_ORPHAN_DIR"

// pretend is a server that holds the FIFO $0 open for as long as it lives.
const pretend = `exec 9>"$0"; exec sleep 600`

func TestServerAndItsFolderGoWhenTheTestProcessIsKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "server")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fifo := dir + ".fifo"
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	owner := exec.Command(program, "-test.run=^TestOwnerOfAServer$")
	owner.Env = append(os.Environ(), orphanEnv+"="+dir)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	server, err := os.Open(fifo) // waits until the server opens its end
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	_ = owner.Process.Kill()
	_ = owner.Wait()

	gone := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(server)
		gone <- err
	}()
	select {
	case err := <-gone:
		if err != nil {
			t.Errorf("wait for the server: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the server outlives the test process that started it")
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the folder of the server is still there")
		}
	}
}

// TestOwnerOfAServer is the second process of the test above, and nothing by itself.
func TestOwnerOfAServer(*testing.T) {
	dir := os.Getenv(orphanEnv)
	if dir == "" {
		return
	}
	spec := testserver.Spec{Path: "/bin/sh", Args: []string{"-c", pretend, dir + ".fifo"}, Dir: dir, Orphaned: "TERM"}
	if _, err := testserver.Run(spec, func() error { return nil }); err != nil {
		panic(err)
	}
	select {}
}

func TestServerThatEndsAtOnceIsReportedWithItsLog(t *testing.T) {
	t.Parallel()
	spec := testserver.Spec{
		Path: "/bin/sh", Args: []string{"-c", "echo no room left; exit 1"}, Dir: t.TempDir(), Orphaned: "TERM",
	}
	_, err := testserver.Run(spec, func() error { return errors.New("no answer") })
	if err == nil || !strings.Contains(err.Error(), "no room left") {
		t.Errorf("error: got %v, want the log of the server in it", err)
	}
}

func TestStopLetsTheServerEndInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const script = `trap 'echo tidy > end; exit' TERM; touch up; while :; do sleep 0.01; done`
	spec := testserver.Spec{Path: "/bin/sh", Args: []string{"-c", script}, Dir: dir, Orphaned: "KILL"}
	process, err := testserver.Run(spec, func() error {
		_, err := os.Stat(filepath.Join(dir, "up"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	process.Stop()
	end, _ := os.ReadFile(filepath.Join(dir, "end")) // no file, no orderly end
	if got, want := string(end), "tidy\n"; got != want {
		t.Errorf("what the server wrote at its end: got %q, want %q", got, want)
	}
}
