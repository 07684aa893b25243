//go:build !unix

package testserver

import "errors"

var errNoPause = errors.New("a process cannot be made to stand still here")

// Pause fails: there is no such signal.
func (p *Process) Pause() error { return errNoPause }

// Continue fails: there is no such signal.
func (p *Process) Continue() error { return errNoPause }
