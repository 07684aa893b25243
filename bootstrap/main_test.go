package bootstrap_test

import (
	"io"
	"os"
	"testing"

	"github.com/menjin-id/menjin/bootstrap"
)

// programEnv makes the test binary the program itself, so that signals and crashes are real ones and the race detector
// watches it too.
const programEnv = "MENJIN_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) == "" {
		os.Exit(m.Run())
	}
	go endWithTheTests()
	os.Exit(bootstrap.Main(os.Args[1:]))
}

// endWithTheTests leaves nothing behind when the test process dies: it holds the other end of standard input.
func endWithTheTests() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(70)
}
