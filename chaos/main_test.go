package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/chaos/storm"
	"github.com/menjin-id/menjin/internal/testserver"
)

// TestMain lets the test binary play the parts that the command plays.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == part.Mark {
		os.Exit(part.Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestPlanRefusesWhatCannotBePlayed(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-set", "lunch"}, {"-for", "1ms"}, {"-faults", "rain"}, {"-unsafe", "driving"}, {"-relays", "0"}, {"-lease", "1ms"}, {"more"},
	} {
		if _, err := readPlan(args); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	p, err := readPlan([]string{"-set", "servers", "-faults", "kill-nats,gap", "-seed", "7"})
	if err != nil || p.set != "servers" || p.settings.Seed != 7 || len(p.settings.Faults) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
}

// TestPromisesHold is the short form of the command.
func TestPromisesHold(t *testing.T) {
	t.Parallel()
	sets := map[string][]string{
		"servers":  {"-for", "9s", "-pace", "350ms", "-lease", "1s", "-rate", "100", "-gap", "50ms"},
		"embedded": {"-for", "9s", "-pace", "1500ms", "-rate", "100"},
		"cluster":  {"-for", "9s", "-pace", "1s", "-lease", "1s", "-rate", "50", "-gap", "50ms"},
		"outage":   {"-for", "4s", "-rate", "50"},
	}
	for set, args := range sets {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			testserver.SkipShort(t)
			report := play(t, append(args, "-set", set)...)
			var text bytes.Buffer
			if err := report.Write(&text); err != nil {
				t.Fatal(err)
			}
			t.Log(text.String())
			if report.Broken() || report.Verdict.Committed == 0 {
				t.Error("a promise is broken")
			}
		})
	}
}

// play runs what the command would run.
func play(t *testing.T, args ...string) *storm.Report {
	t.Helper()
	p, err := readPlan(args)
	if err != nil {
		t.Fatal(err)
	}
	p.settings.Progress = func(string, ...any) {}
	began := time.Now()
	for _, set := range sets {
		if set.name != p.set {
			continue
		}
		report, err := set.run(t.Context(), p.settings)
		if err != nil {
			t.Fatalf("after %s: %v", time.Since(began), err)
		}
		return report
	}
	t.Fatalf("there is no set %q", p.set)
	return nil
}
