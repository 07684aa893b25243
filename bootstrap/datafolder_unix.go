//go:build unix

package bootstrap

import (
	"errors"
	"os"
	"syscall"
)

// lockFile returns errInUse when another process holds the lock. The system lets go of it when the process ends, however it
// ends.
func lockFile(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor fits
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errInUse
	}
	return err
}
