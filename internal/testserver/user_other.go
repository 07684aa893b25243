//go:build !unix

package testserver

import "os/exec"

// Unprivileged leaves cmd as it is: there is no root to step down from.
func Unprivileged(*exec.Cmd) error { return nil }
