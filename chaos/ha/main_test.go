package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/ha/course"
	"github.com/menjin-id/menjin/chaos/ha/stand"
	"github.com/menjin-id/menjin/internal/testserver"
)

// TestMain lets the test binary play the parts that the command plays.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		playPart(os.Args[1], os.Args[2:])
	}
	os.Exit(m.Run())
}

func TestArgumentsThatCannotBePlayedAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-redis", "lunch"},
		{"-notice", "1ms"},
		{"-down", "1h"},
		{"more"},
		{"-part"},
		{"-upgrade-from"},
		{"-upgrade-from", ""},
		{"-upgrade-from", "--all"},
		{"-upgrade-from", "v1", "-old", "./menjin"},
	} {
		if _, err := read(args); err == nil || errors.Is(err, flag.ErrHelp) {
			t.Errorf("%v was accepted", args)
		}
	}
	w, err := read([]string{"-part", course.Database})
	if err != nil || len(w.trials) != 2 || w.trials[0].Redis != stand.Sentinel || w.trials[1].Parts[0] != course.Database {
		t.Errorf("got %+v, %v, want both kinds of Redis", w, err)
	}
}

func TestReleaseBeforeIsARevisionOrAProgram(t *testing.T) {
	t.Parallel()
	w, err := read([]string{"-upgrade-from", "v1"})
	if err != nil || w.from != "v1" || w.trials[0].Old != "" {
		t.Errorf("of a revision: got %+v, %v, want its program still to be built", w, err)
	}
	w, err = read([]string{"-old", "./menjin-before"})
	if err != nil || w.from != "" || !filepath.IsAbs(w.trials[1].Old) || w.trials[1].OldName != "menjin-before" {
		t.Errorf("of a program: got %+v, %v, want its path in each trial", w, err)
	}
}

// TestNothingIsLostWhenAPartIsKilledUnderLoad is the short form of the command.
func TestNothingIsLostWhenAPartIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	for _, program := range []string{"nginx", "redis-server"} {
		if _, err := exec.LookPath(program); err != nil {
			if _, err := os.Stat("/usr/sbin/" + program); err != nil {
				testserver.Missing(t, program, program)
			}
		}
	}
	report, err := course.Play(t.Context(), course.Settings{
		Redis: stand.Sentinel, Notice: time.Second, Down: time.Second, Settle: time.Second, Bury: true,
		Parts:    []string{course.ReplicaDies, course.MasterDies, course.LeaderDies, course.Database},
		Progress: func(string, ...any) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := report.Write(&text); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	if report.Broken() {
		t.Error("a promise is broken")
	}
}
