package testserver

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// launchScript becomes the server "$@" once it is told to, which is when its guard is in place: a test process that
// dies before that leaves nothing behind.
const launchScript = `read -r word || exit
exec "$@" </dev/null`

// guardScript ends the server $2 with signal $1 and deletes the folder $3 once its standard input closes without
// a word, which is what the death of the test process looks like. It ignores what a terminal sends to the group.
const guardScript = `trap '' INT TERM HUP
read -r word && exit
kill -s "$1" "$2" 2>/dev/null
n=0
while kill -0 "$2" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done
kill -s KILL "$2" 2>/dev/null
rm -rf "$3"`

func (p *Process) start() error {
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	alive, held, err := os.Pipe()
	if err != nil {
		return err
	}
	defer held.Close()

	p.alive = alive
	p.cmd = exec.Command("sh", append([]string{"-c", launchScript, "launch", p.spec.Path}, p.spec.Args...)...)
	p.cmd.Dir = p.spec.Dir
	p.cmd.Env = append(os.Environ(), p.spec.Env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.ExtraFiles = []*os.File{held}
	if p.spec.Unprivileged {
		if err := Unprivileged(p.cmd); err != nil {
			return err
		}
	}
	launch, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer launch.Close()
	if err := p.cmd.Start(); err != nil {
		return err
	}
	if err := p.watch(); err != nil {
		_ = launch.Close() // it goes without ever becoming the server
		return errors.Join(err, p.cmd.Wait())
	}
	running.Store(p, nil)
	_, _ = io.WriteString(launch, "go\n") // one that is already dead is noticed by Run
	return nil
}

func (p *Process) watch() error {
	p.guard = exec.Command("sh", "-c", guardScript, "guard", p.spec.Orphaned, strconv.Itoa(p.cmd.Process.Pid), p.spec.Dir)
	p.guard.Dir = "/"
	word, err := p.guard.StdinPipe()
	if err != nil {
		return err
	}
	p.word = word
	return p.guard.Start()
}
