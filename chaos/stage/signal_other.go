//go:build !unix

package stage

import "syscall"

// There are no such signals here: sending them fails.
const (
	stopSignal     = syscall.Signal(0)
	continueSignal = syscall.Signal(0)
)
