//go:build unix

package testserver_test

import (
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

func TestServerIsStartedOnceUntilItIsEnded(t *testing.T) {
	t.Parallel()
	var server testserver.Restartable
	spec := testserver.Spec{Path: "sleep", Args: []string{"600"}, Dir: t.TempDir(), Orphaned: "KILL"}
	start := func() *testserver.Process {
		t.Helper()
		if err := server.Start(spec, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		return server.Process()
	}
	t.Cleanup(server.Kill)
	for name, end := range map[string]func(){"Stop": server.Stop, "Kill": server.Kill} {
		end() // of what is down
		first := start()
		if again := start(); first == nil || again != first {
			t.Errorf("started twice before %s: got another process", name)
		}
		if end(); server.Up() || server.Process() != nil {
			t.Errorf("after %s: the server is up", name)
		}
		if start() == first {
			t.Errorf("after %s: got the process that has ended", name)
		}
		server.Kill()
	}
}
