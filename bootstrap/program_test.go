package bootstrap_test

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/httpapi/apitest"
	"github.com/menjin-id/menjin/bootstrap/config"
)

// patience is how long anything may take on a machine under load.
const patience = 60 * time.Second

// settings are what the program is told, by key.
type settings map[string]string

// with returns the settings changed; the receiver stays.
func (s settings) with(changes settings) settings {
	changed := maps.Clone(s)
	maps.Copy(changed, changes)
	return changed
}

func (s settings) environ() []string {
	environ := []string{programEnv + "=1", "OTEL_BSP_SCHEDULE_DELAY=50"} // spans are there before a program is killed
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MENJIN_") {
			environ = append(environ, variable)
		}
	}
	for key, value := range s {
		environ = append(environ, config.EnvName(key)+"="+value)
	}
	return environ
}

// local are settings for a program of tb's own that has everything embedded.
func local(tb testing.TB) settings {
	tb.Helper()
	const anyPort = "127.0.0.1:0"
	return settings{
		"data_dir": filepath.Join(tb.TempDir(), "data"), "http.addr": anyPort,
		"wechat.sandbox_addr": anyPort, "events.embedded_addr": anyPort,
	}
}

// program is Menjin in a process of its own, which tb's end kills.
type program struct {
	tb       testing.TB
	settings settings
	cmd      *exec.Cmd
	out, log transcript
	refusals transcript // what it answered with a status of 400 or more
	ended    chan struct{}
	client   *http.Client

	api, sandbox string // base addresses
	events       string // of NATS
}

// launch starts the program with a command line and does not wait for anything.
func launch(tb testing.TB, s settings, args ...string) *program {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	if _, given := s["traces.endpoint"]; !given && slices.Contains(args, "serve") {
		s = s.with(collect(tb).settings())
	}
	p := &program{tb: tb, settings: s, cmd: exec.Command(self, args...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = tb.TempDir(), s.environ()
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.log
	sieveOf(tb).keepSettings(s)
	sieveOf(tb).watchFolder(tb, s["data_dir"])
	watchStream(tb, s)
	held, err := p.cmd.StdinPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the status is in ProcessState
		_ = held.Close()
		close(p.ended)
	}()
	tb.Cleanup(p.examine)
	return p
}

// examine kills the program and looks for what must not be in any log, and for secrets in all that it said.
func (p *program) examine() {
	p.kill()
	log := p.log.String()
	for _, word := range []string{"DATA RACE", "panic: ", "goroutine 1 ["} {
		if strings.Contains(log, word) {
			p.tb.Errorf("%q in the log of the program", word)
		}
	}
	secret := sieveOf(p.tb)
	secret.report(p.tb, "standard output", []byte(p.out.String()))
	secret.report(p.tb, "log", []byte(log))
	secret.report(p.tb, "refusals", []byte(p.refusals.String()))
	if p.tb.Failed() {
		p.tb.Logf("log of the program %v:\n%s%s", p.cmd.Args[1:], p.out.String(), log[max(0, len(log)-6000):])
	}
}

var (
	apiLine     = regexp.MustCompile(`(?m)^  API +(https?://\S+),`)
	apiEntry    = regexp.MustCompile(`"msg":"ready".*"addr":"([^"]+)"`)
	sandboxLine = regexp.MustCompile(`(?m)^  WeChat +the look-alike at (http://\S+)$`)
	eventsLine  = regexp.MustCompile(`(?m)^  events +(nats://\S+), stream`)
	dataLine    = regexp.MustCompile(`(?m)^  data +\S`)
)

// start runs the program and returns once it says that it is ready.
func start(tb testing.TB, s settings) *program {
	tb.Helper()
	p := launch(tb, s, "serve")
	p.await()
	return p
}

func (p *program) await() {
	p.tb.Helper()
	eventually(p.tb, "the program is ready", func() bool {
		if p.hasEnded() {
			p.tb.Fatalf("the program ended at its start with status %d:\n%s", p.cmd.ProcessState.ExitCode(), p.log.String())
		}
		return dataLine.MatchString(p.out.String()) || apiEntry.MatchString(p.log.String())
	})
	out := p.out.String()
	p.api, p.sandbox, p.events = first(apiLine, out), first(sandboxLine, out), first(eventsLine, out)
	if p.api == "" {
		p.api = "http://" + first(apiEntry, p.log.String())
	}
	if url := p.settings["events.url"]; url != "" {
		p.events = url
	}
	p.client = apitest.Client(p.tb, p.api)
}

func first(pattern *regexp.Regexp, text string) string {
	if found := pattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

func (p *program) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// kill ends the program as a crash would.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may be gone
	<-p.ended
}

// terminate asks the program to end.
func (p *program) terminate() {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatal(err)
	}
}

// status waits for the program's own end and returns its exit status.
func (p *program) status() int {
	p.tb.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.tb.Fatalf("the program has not ended after %s", patience)
	}
	return p.cmd.ProcessState.ExitCode()
}

// run executes one command to its end.
func run(tb testing.TB, s settings, args ...string) (status int, out, log string) {
	tb.Helper()
	p := launch(tb, s, args...)
	status = p.status()
	return status, p.out.String(), p.log.String()
}
