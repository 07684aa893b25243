// Package stack starts the real servers that the bench needs, each in a folder of its own, and ends them with it, however
// the bench ends.
package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/menjin-id/menjin/bench/child"
	"github.com/menjin-id/menjin/internal/testserver"
)

// Stack is a folder for everything that is started, and what was. It is not for concurrent use.
type Stack struct {
	dir     string
	program string // the bench itself, which plays most parts
	started []*testserver.Process
}

// New makes the folder. Close stops what was started and deletes it.
func New() (*Stack, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "menjin-bench-")
	if err != nil {
		return nil, err
	}
	// PostgreSQL runs as another user when we are root, and has to get to its folder.
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	return &Stack{dir: dir, program: program}, nil
}

// Close stops everything, the last started first.
func (s *Stack) Close() {
	for i := len(s.started) - 1; i >= 0; i-- {
		s.started[i].Stop()
	}
	_ = os.RemoveAll(s.dir) // a leftover in the temporary folder is no reason to fail
}

// Folder makes a folder that goes with the stack.
func (s *Stack) Folder(name string) (string, error) {
	dir := filepath.Join(s.dir, name)
	return dir, os.Mkdir(dir, 0o700)
}

// run starts a program in a folder of its own.
func (s *Stack) run(spec testserver.Spec, ready func() error) (*testserver.Process, error) {
	process, err := testserver.Run(spec, ready)
	if err == nil {
		s.started = append(s.started, process)
	}
	return process, err
}

// Child starts the bench itself in one of its parts and returns when it takes connections at addr. The folder must exist.
func (s *Stack) Child(folder, addr string, env []string, args ...string) error {
	_, err := s.run(testserver.Spec{
		Path: s.program, Args: append([]string{child.Mark}, args...), Env: env, Dir: folder, Orphaned: "KILL",
	}, func() error { return dial(addr) })
	return err
}

// Lookalike starts the WeChat look-alike and returns its URL.
func (s *Stack) Lookalike() (string, error) {
	folder, err := s.Folder("wechat")
	if err != nil {
		return "", err
	}
	addr, err := FreeAddr()
	if err != nil {
		return "", err
	}
	return "http://" + addr, s.Child(folder, addr, []string{"GOGC=400"}, child.Lookalike, addr)
}

// NATS is a server with JetStream.
type NATS struct {
	URL string
	PID int
}

// NATS starts a NATS server in a process of its own.
func (s *Stack) NATS() (*NATS, error) {
	folder, err := s.Folder("nats")
	if err != nil {
		return nil, err
	}
	port, err := testserver.FreePort()
	if err != nil {
		return nil, err
	}
	addr, pidFile := "127.0.0.1:"+strconv.Itoa(port), filepath.Join(folder, "nats.pid")
	if err := s.Child(folder, addr, nil, child.NATS, strconv.Itoa(port), filepath.Join(folder, "store"), pidFile); err != nil {
		return nil, err
	}
	pid, err := readPID(pidFile)
	return &NATS{URL: "nats://" + addr, PID: pid}, err
}

// FreeAddr is a loopback address that nobody listens on.
func FreeAddr() (string, error) {
	port, err := testserver.FreePort()
	return "127.0.0.1:" + strconv.Itoa(port), err
}

func dial(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("reach %s: %w", addr, err)
	}
	return conn.Close()
}
