package bootstrap_test

import (
	"flag"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/menjin-id/menjin/bootstrap"
)

// programEnv makes the test binary the program itself, so that signals and crashes are real ones and the race detector
// watches it too.
const programEnv = "MENJIN_TEST_PROGRAM"

// abreast is how many tests run side by side, however few cores there are: they wait for programs and servers more than they
// work. The command line may ask for another number.
const abreast = 4

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) == "" {
		if err := flag.Set("test.parallel", strconv.Itoa(max(abreast, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
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
