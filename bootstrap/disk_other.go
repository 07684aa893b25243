//go:build !linux && !darwin

package bootstrap

import "errors"

func freeSpace(string) (free, all uint64, err error) {
	return 0, 0, errors.New("not known on this system")
}
