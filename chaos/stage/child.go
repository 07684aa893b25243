package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/internal/testserver"
)

// Child is the harness itself in another process, playing a part. It may be killed and started again.
type Child struct {
	testserver.Restartable
	spec    testserver.Spec
	ready   func() error
	stopped bool // by a signal, until it is continued
}

// Child prepares a part with its settings. It runs in a folder of its own, and is not started yet.
func (s *Stage) Child(name, kind string, settings any) (*Child, error) {
	dir, err := s.Folder(name)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("write settings of %s: %w", name, err)
	}
	c := &Child{spec: testserver.Spec{
		Path: s.program, Args: []string{part.Mark, kind, string(text)}, Dir: dir, Orphaned: "KILL",
	}}
	c.ready = c.told
	s.OnClose(c.Kill)
	return c, nil
}

func (c *Child) pidFile() string { return filepath.Join(c.spec.Dir, part.PIDFile) }

// told reports whether the child has told who it is, which is the last thing it does before it works.
func (c *Child) told() error {
	_, err := c.pid()
	return err
}

func (c *Child) pid() (int, error) {
	text, err := os.ReadFile(c.pidFile())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text))
}

// Start starts the part unless it is up, and returns when it is at work.
func (c *Child) Start() error {
	if c.Up() {
		return nil
	}
	_ = os.Remove(c.pidFile()) // of the life before, if any
	c.stopped = false
	return c.Restartable.Start(c.spec, c.ready)
}

// AwaitWork returns when a relay that was started has its connections. Start does not wait for them: what they lead to may be
// away.
func (c *Child) AwaitWork(ctx context.Context) error {
	return Until(ctx, "a relay has its connections", func() error {
		_, err := os.Stat(filepath.Join(c.spec.Dir, part.AtWorkFile))
		return err
	})
}

// Paused reports whether the part stands still.
func (c *Child) Paused() bool { return c.stopped }

// Stop lets the part end in order.
func (c *Child) Stop() {
	_ = c.Continue() // one that stands still would not hear of it
	c.Restartable.Stop()
}

// Pause makes the part stand still, as a process does that is swapped out or whose machine sleeps.
func (c *Child) Pause() error {
	c.stopped = true
	return c.signal(stopSignal)
}

// Continue lets a part that stands still go on.
func (c *Child) Continue() error {
	if !c.stopped {
		return nil
	}
	c.stopped = false
	return c.signal(continueSignal)
}

func (c *Child) signal(signal syscall.Signal) error {
	pid, err := c.pid()
	if err != nil || !c.Up() {
		return err
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return process.Signal(signal)
}

// Log returns what the part has logged.
func (c *Child) Log() string {
	text, _ := os.ReadFile(filepath.Join(c.spec.Dir, "server.log")) // no log, nothing to show
	return string(text)
}
