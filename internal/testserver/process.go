package testserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// patience is how long a server may take to start or to stop on a machine under load.
const patience = 60 * time.Second

// Spec says how a server is run and ended.
type Spec struct {
	Path string
	Args []string
	Env  []string // added to the environment of the test

	Dir          string         // working folder and log; deleted with the process when the test process dies
	Unprivileged bool           // as another user when the test runs as root
	Quit         syscall.Signal // asks for an orderly end; the zero value means SIGTERM
	Orphaned     string         // the signal, by name, that ends it when the test process has died
}

// running holds every process until it is reaped. One that its starter forgets would otherwise be collected as garbage,
// the pipe to its guard closed with it, and the server ended while tests use it.
var running sync.Map

// Process is a server that lives no longer than the test process. It is not for concurrent use. Nothing of it runs
// in a goroutine, so that tests may look for leaked ones.
type Process struct {
	spec  Spec
	cmd   *exec.Cmd
	alive *os.File // reaches its end when the server and all its children are gone

	guard *exec.Cmd
	word  io.WriteCloser
}

// Run starts a process and returns once ready reports success, or an error with the end of its log.
func Run(spec Spec, ready func() error) (*Process, error) {
	p := &Process{spec: spec}
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(spec.Path), err)
	}
	deadline := time.Now().Add(patience)
	for {
		err := ready()
		if err == nil {
			return p, nil
		}
		if p.gone(10 * time.Millisecond) {
			err = errors.New("it ended at once")
		} else if time.Now().Before(deadline) {
			continue
		}
		p.Kill()
		return nil, fmt.Errorf("wait for %s: %w\n%s", filepath.Base(spec.Path), err, p.logTail())
	}
}

// Stop asks the server to end in order and waits for it; one that does not obey is killed.
func (p *Process) Stop() {
	quit := p.spec.Quit
	if quit == 0 {
		quit = syscall.SIGTERM
	}
	_ = p.cmd.Process.Signal(quit) // one that is gone needs no asking
	if !p.gone(patience) {
		_ = p.cmd.Process.Kill()
	}
	p.reap()
}

// Kill ends the server as a crash would, and waits until its children are gone too.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	p.gone(patience)
	p.reap()
}

func (p *Process) reap() {
	_ = p.cmd.Wait() // the status of a server that was told to end says nothing
	_ = p.alive.Close()
	_, _ = io.WriteString(p.word, "stopped\n")
	_ = p.word.Close()
	_ = p.guard.Wait()
	running.Delete(p)
}

// gone reports whether the server has ended, waiting for that up to the given time.
func (p *Process) gone(within time.Duration) bool {
	_ = p.alive.SetReadDeadline(time.Now().Add(within))
	_, err := p.alive.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func (p *Process) logPath() string { return filepath.Join(p.spec.Dir, "server.log") }

func (p *Process) logTail() string {
	log, _ := os.ReadFile(p.logPath()) // no log, nothing to show
	return string(log[max(0, len(log)-4096):])
}
