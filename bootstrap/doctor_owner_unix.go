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

// mounted reports whether a folder is the root of a file system.
func mounted(folder string, info fs.FileInfo) bool {
	above, err := os.Stat(folder + "/..") // not cleaned: the folder may be a link
	if err != nil {
		return false
	}
	outer, known := above.Sys().(*syscall.Stat_t)
	inner, knownToo := info.Sys().(*syscall.Stat_t)
	return known && knownToo && inner.Dev != outer.Dev
}
