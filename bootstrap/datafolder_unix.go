//go:build unix

package bootstrap

import (
	"os"
	"syscall"
)

// lockFile fails when another process holds the lock. The system lets go of it when the process ends, however it ends.
func lockFile(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor fits
}
