//go:build unix

package bootstrap

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUs reports whether a file belongs to the account that this process runs as.
func ownedByUs(info fs.FileInfo) bool {
	system, known := info.Sys().(*syscall.Stat_t)
	return known && int(system.Uid) == os.Geteuid()
}
