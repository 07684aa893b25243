package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	menjin "github.com/menjin-id/menjin/clients/go"
	"github.com/menjin-id/menjin/clients/go/kittest"
)

// child makes the test's program be the service.
const child = "WELCOME_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// service is the program as a process of its own.
type service struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

func start(t *testing.T, url, path string) *service {
	t.Helper()
	s := &service{cmd: exec.Command(os.Args[0], "-nats", url, "-db", path, "-ack-wait", "2s")}
	s.cmd.Env = append(os.Environ(), child+"=1")
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	return s
}

func (s *service) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatalf("it died by itself: %v\n%s", err, &s.log)
	}
	_ = s.cmd.Wait()
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick, deadline := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not so after a minute: %s", what)
		}
	}
}

func TestEachUserIsWelcomedOnceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	server, path := kittest.Start(t), filepath.Join(t.TempDir(), "welcome.db")
	n, err := openNotes(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	count := func(query string) (got int) {
		if err := n.db.QueryRow(query).Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	const rounds, each = 5, 150
	s := start(t, server.URL(), path)
	for round := range rounds {
		events := make([]kittest.Event, 0, 2*each)
		for i := range each {
			user := fmt.Sprintf("u%d-%d", round, i)
			events = append(events, kittest.Registered(user, 1), kittest.ProfileUpdated(user, 2))
		}
		server.Publish(t, events...)
		// In the middle of this round's users, or of those that the last round left.
		until(t, "some are welcomed", func() bool { return count("select count(*) from note") > round*each+each/10 })
		s.kill(t)
		if round%2 == 1 {
			server.Restart(t)
		}
		s = start(t, server.URL(), path)
	}
	deleted := kittest.Of(menjin.TypeDeleted, "u0-0", 3, menjin.Deleted{UserID: "u0-0", DeletedAt: time.Now().UTC()})
	server.Publish(t, deleted)
	const want = rounds*each - 1
	until(t, "all are welcomed and one is erased", func() bool {
		return count("select count(distinct user_id) from note") == want &&
			count("select count(*) from menjin_inbox") == want+2
	})
	if got := count("select count(*) from note"); got != want {
		t.Errorf("notes: got %d, want %d", got, want)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("SIGTERM: got %v, want a clean end\n%s", err, &s.log)
	}
}
