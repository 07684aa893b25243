//go:build unix

package testserver

import "syscall"

// Pause makes the server stand still, as a process does that is swapped out or whose machine sleeps.
func (p *Process) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Continue lets a server that stands still go on.
func (p *Process) Continue() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
