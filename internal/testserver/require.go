// Package testserver starts real servers for tests on a machine where nothing runs. Its sub-packages know the
// servers; this one knows what they share: when a test may be skipped, and how a server ends with the test
// process, however that ends. Production code never imports any of them.
package testserver

import (
	"os"
	"testing"
)

// required is set where a green run must have skipped nothing.
func required() bool { return os.Getenv("MENJIN_TEST_REQUIRE") == "all" }

// SkipShort skips tb under -short, unless MENJIN_TEST_REQUIRE=all.
func SkipShort(tb testing.TB) {
	tb.Helper()
	if testing.Short() && !required() {
		tb.Skip("needs a real server: left out under -short")
	}
}

// Missing ends tb because server is not installed; pkg names the package that brings it. It skips, or fails
// under MENJIN_TEST_REQUIRE=all.
func Missing(tb testing.TB, server, pkg string) {
	tb.Helper()
	if required() {
		tb.Fatalf("%s is not installed and MENJIN_TEST_REQUIRE=all: install the package %s", server, pkg)
	}
	tb.Skipf("%s is not installed: install the package %s to run this test", server, pkg)
}
