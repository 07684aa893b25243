//go:build linux || darwin

package bootstrap

import "syscall"

// freeSpace returns how many bytes a file system has left, and how many it has.
func freeSpace(path string) (free, all uint64, err error) {
	var system syscall.Statfs_t
	if err := syscall.Statfs(path, &system); err != nil {
		return 0, 0, err
	}
	block := uint64(system.Bsize) //nolint:gosec,unconvert // never negative, and of another type elsewhere
	return system.Bavail * block, system.Blocks * block, nil
}
