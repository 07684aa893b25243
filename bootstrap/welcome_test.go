package bootstrap_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver"
)

// buildWelcome makes the program of the sample subscriber, with the race detector where the tests have it: so its parts are
// those that its own tests have built.
func buildWelcome(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "welcome")
	args := []string{"build", "-o", program}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	build := exec.CommandContext(t.Context(), "go", append(args, "./welcome")...)
	build.Dir = filepath.Join("..", "clients", "go", "examples")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the welcome service: %v\n%s", err, out)
	}
	return program
}

// welcome is the sample subscriber in a process of its own, with a database that outlives it.
type welcome struct {
	t             *testing.T
	program, file string
	url           string
	notes         *sql.DB
	log           transcript
	cmd           *exec.Cmd
}

func newWelcome(t *testing.T, program, url string) *welcome {
	t.Helper()
	s := &welcome{t: t, program: program, file: filepath.Join(t.TempDir(), "welcome.db"), url: url}
	notes, err := sql.Open("sqlite", "file:"+s.file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	s.notes = notes
	t.Cleanup(func() {
		_ = notes.Close()
		s.kill()
		if t.Failed() {
			log := s.log.String()
			t.Logf("log of the welcome service:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return s
}

func (s *welcome) start() {
	s.t.Helper()
	s.cmd = exec.CommandContext(s.t.Context(), s.program, "-nats", s.url, "-db", s.file, "-ack-wait", "1s")
	s.cmd.Dir, s.cmd.Env = s.t.TempDir(), os.Environ()
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// kill ends the service as a crash would.
func (s *welcome) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may be gone
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// written returns how many notes each user has.
func (s *welcome) written() map[string]int {
	s.t.Helper()
	notes := make(map[string]int)
	rows, err := s.notes.QueryContext(s.t.Context(), "SELECT user_id FROM note")
	if err != nil { // it has not made its tables yet
		return notes
	}
	defer rows.Close()
	for rows.Next() {
		var user string
		if err := rows.Scan(&user); err != nil {
			s.t.Fatal(err)
		}
		notes[user]++
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return notes
}

// embeddedAt are settings of a program whose events stay at one address over its deaths, and that address.
func embeddedAt(t *testing.T) (s settings, url string) {
	t.Helper()
	port, err := testserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return local(t).with(settings{"events.embedded_addr": addr}), "nats://" + addr
}

func TestEachUserIsWelcomedOnceWhoeverIsKilled(t *testing.T) {
	t.Parallel()
	program := buildWelcome(t)
	for name, parts := range map[string]func(*testing.T) (settings, string){
		"embedded": embeddedAt,
		"servers":  func(t *testing.T) (settings, string) { s := onServers(t); return s, s["events.url"] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := parts(t)
			welcomed := newWelcome(t, program, url)
			welcomed.start()
			w, l := startWeChat(t), newLedger()
			last := killBothInTurn(t, s.with(w.settings()), w, l, welcomed)
			events := last.drained(w)
			l.holdsFor(t, last, events)
			everybodyHasOneNote(t, welcomed, events)
		})
	}
}

// killBothInTurn lets people register while the program and the subscriber die at moments that nobody chose, and returns the
// program's last life.
func killBothInTurn(t *testing.T, s settings, w *weChat, l *ledger, subscriber *welcome) *program {
	t.Helper()
	p := start(t, s)
	for round := range 4 {
		c, _ := p.stroll(w, l, fmt.Sprintf("guest-%d", round))
		l.grows(t, 10+rand.IntN(20), "with both up")
		deaths := []func(){subscriber.kill, p.kill}
		if rand.IntN(2) == 0 {
			slices.Reverse(deaths)
		}
		for i, die := range deaths {
			die()
			if i == 0 && !p.hasEnded() {
				l.grows(t, rand.IntN(20), "without the subscriber")
			}
		}
		c.sendAway()
		if rand.IntN(2) == 0 {
			subscriber.start()
		}
		p = start(t, s)
		if subscriber.cmd == nil {
			subscriber.start()
		}
	}
	return p
}

func everybodyHasOneNote(t *testing.T, subscriber *welcome, events []event) {
	t.Helper()
	registered := make(map[string]bool)
	for _, e := range events {
		if e.Type == registeredV1 {
			registered[e.User] = true
		}
	}
	eventually(t, "everybody who registered has a note", func() bool {
		notes := subscriber.written()
		for user := range registered {
			if notes[user] == 0 {
				return false
			}
		}
		return true
	})
	for user, notes := range subscriber.written() {
		if notes != 1 || !registered[user] {
			t.Errorf("notes of user %s: got %d, want 1 for whoever registered (%t)", user, notes, registered[user])
		}
	}
	t.Logf("%d users have one note each", len(registered))
}
