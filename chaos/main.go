// Command chaos commits changes of users while it kills, stalls and rewinds what the events of these changes pass through, and
// judges in the end whether each event lies in the stream once, in order, and none is lost or was never committed.
//
//	go run ./chaos                       two minutes against each set
//	go run ./chaos -set servers -for 15m
//	go run ./chaos -set outage -for 5m   registrations go on while NATS is down
//	go run ./chaos -unsafe message-id    without a guard: shows what it is for, and fails
//
// The sets are servers (PostgreSQL, NATS and relays), embedded (SQLite and NATS in one process), cluster (three NATS servers, of
// which one at a time is killed, cut off or stopped) and outage (NATS is down for the whole time, and nothing else is wrong).
//
// PostgreSQL must be installed; NATS, relays and the embedded service are this program in other processes. It ends by itself,
// with status 1 when a promise is broken, and leaves no process and no file behind. Filling the disk under NATS takes root on
// Linux and is left out elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/chaos/storm"
)

var errBroken = errors.New("a promise is broken")

func main() {
	if len(os.Args) > 1 && os.Args[1] == part.Mark {
		os.Exit(part.Main(os.Args[2:]))
	}
	plan, err := readPlan(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "chaos:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := plan.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		stop()
		os.Exit(1)
	}
}

// sets are all there are, in the order of a run.
var sets = []struct {
	name string
	run  func(context.Context, storm.Settings) (*storm.Report, error)
}{
	{"servers", storm.Servers},
	{"embedded", storm.Embedded},
	{"cluster", storm.Cluster},
	{"outage", storm.NATSDown},
}

func setNames() (names []string) {
	for _, set := range sets {
		names = append(names, set.name)
	}
	return names
}

// plan is what the flags ask for.
type plan struct {
	set      string
	settings storm.Settings
}

func readPlan(args []string) (plan, error) {
	p := plan{settings: storm.Settings{Progress: progress}}
	s := &p.settings
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.StringVar(&p.set, "set", "all", "what to harm: "+strings.Join(setNames(), ", ")+" or all")
	flags.DurationVar(&s.For, "for", 2*time.Minute, "how long to harm each set")
	flags.DurationVar(&s.Pace, "pace", 1500*time.Millisecond, "time between two faults, on average")
	flags.IntVar(&s.Writers.Writers, "writers", 8, "transactions under way at once")
	flags.IntVar(&s.Writers.Rate, "rate", 200, "changes in a second")
	flags.IntVar(&s.Relays, "relays", 2, "relays on PostgreSQL")
	flags.IntVar(&s.Shards, "shards", 4, "shards of the outbox on PostgreSQL")
	flags.DurationVar(&s.Gap, "gap", 100*time.Millisecond, "the longest gap between an acknowledgement and its commit")
	flags.DurationVar(&s.Lease, "lease", 0, "how long a relay may stand still with a shard; 0: as in production")
	flags.Uint64Var(&s.Seed, "seed", 0, "of the choice of faults; 0: another each time")
	faults := flags.String("faults", "", "faults to play, with commas between; empty: all of "+strings.Join(storm.Faults(), ", "))
	unsafe := flags.String("unsafe", "", "leave one guard out, to show what it is for: "+strings.Join(careless.Modes(), ", "))
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if *faults != "" {
		s.Faults = strings.Split(*faults, ",")
	}
	if s.Seed == 0 {
		s.Seed = rand.Uint64N(1 << 32)
	}
	s.Unsafe = careless.Mode(*unsafe)
	return p, p.check(flags.Args())
}

func (p *plan) check(rest []string) error {
	s := &p.settings
	for _, bound := range []struct {
		name         string
		value, least int
		most         int
	}{
		{"-writers", s.Writers.Writers, 1, 64},
		{"-rate", s.Writers.Rate, 1, 5000},
		{"-relays", s.Relays, 1, 8},
		{"-shards", s.Shards, 1, 16},
	} {
		if bound.value < bound.least || bound.value > bound.most {
			return fmt.Errorf("%s must be %d to %d", bound.name, bound.least, bound.most)
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %q", rest[0])
	case p.set != "all" && !slices.Contains(setNames(), p.set):
		return fmt.Errorf("-set must be %s or all", strings.Join(setNames(), ", "))
	case s.For < time.Second || s.For > 24*time.Hour:
		return errors.New("-for must be 1s to 24h")
	case s.Pace < 100*time.Millisecond || s.Pace > time.Hour:
		return errors.New("-pace must be 100ms to 1h")
	case s.Gap < 0 || s.Gap > 2*time.Second:
		return errors.New("-gap must be 0s to 2s")
	case s.Lease != 0 && (s.Lease < time.Second || s.Lease > time.Minute):
		return errors.New("-lease must be 0 or 1s to 1m")
	}
	return s.Check()
}

// run plays the sets, each whatever came of the one before.
func (p *plan) run(ctx context.Context) error {
	var broken error
	for _, set := range sets {
		if p.set != "all" && p.set != set.name {
			continue
		}
		report, err := set.run(ctx, p.settings)
		if err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		if err := report.Write(os.Stdout); err != nil {
			return err
		}
		if report.Broken() {
			broken = errBroken
		}
	}
	return broken
}

// progress tells whoever waits what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
