// Command bench measures the service beside floor programs: the least that does the same work on the same servers, under the
// same load, in the same run. It prints figures and ratios, and judges nothing: it fails only when it cannot measure.
//
//	go run ./bench                        everything, some fifteen minutes
//	go run ./bench -short                 a look, not a measurement
//	go run ./bench -only check -profile . CPU profiles of both programs under that load
//
// PostgreSQL and Redis must be installed. They are started anew, with nothing kept and with PostgreSQL's durability as it
// comes; NATS, the WeChat look-alike and the programs under load are this program in other processes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/menjin-id/menjin/bench/child"
	"github.com/menjin-id/menjin/bench/stack"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == child.Mark {
		os.Exit(child.Main(os.Args[2:]))
	}
	plan, err := readPlan(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, plan); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// names are what -only takes.
var names = []string{"check", "info", "login", "first-login", "latency", "drain", "writers", "retention", "start"}

// plan says what is measured and for how long.
type plan struct {
	rounds   int
	duration time.Duration // of one load
	conns    int
	events   int // drained in a round
	rows     int // of published events that are kept
	only     string
	profiles string // folder; empty: none
}

func (p plan) wants(name string) bool { return p.only == "" || p.only == name }

func (p plan) wantsAny(names ...string) bool { return slices.ContainsFunc(names, p.wants) }

func readPlan(args []string) (plan, error) {
	p := plan{events: 200_000}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	short := flags.Bool("short", false, "one round of a second each: a look, not a measurement")
	flags.IntVar(&p.rounds, "rounds", 3, "rounds, in each of which floor and service take turns")
	flags.DurationVar(&p.duration, "duration", 5*time.Second, "length of one load")
	flags.IntVar(&p.conns, "conns", 64, "connections")
	flags.IntVar(&p.rows, "rows", 10_000_000, "published events that the relay works beside, about 1,300 bytes of the temporary folder each, log included")
	flags.StringVar(&p.only, "only", "", "measure one thing alone: "+strings.Join(names, ", "))
	flags.StringVar(&p.profiles, "profile", "", "folder for CPU profiles of the programs under load, one more load each")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if *short {
		p.rounds, p.duration, p.events, p.rows = 1, time.Second, 20_000, min(p.rows, 200_000)
	}
	switch {
	case flags.NArg() > 0:
		return p, fmt.Errorf("unknown argument %q", flags.Arg(0))
	case p.rounds < 1 || p.rounds > 99:
		return p, errors.New("-rounds must be 1 to 99")
	case p.duration < 100*time.Millisecond || p.duration > 10*time.Minute:
		return p, errors.New("-duration must be 100ms to 10m")
	case p.conns < 1 || p.conns > 4096:
		return p, errors.New("-conns must be 1 to 4096")
	case p.rows < 1 || p.rows > 100_000_000:
		return p, errors.New("-rows must be 1 to 100000000")
	case p.only != "" && !slices.Contains(names, p.only):
		return p, fmt.Errorf("-only must be one of %s", strings.Join(names, ", "))
	}
	return p, nil
}

// run starts the servers, measures what the plan wants and prints it.
func run(ctx context.Context, plan plan) error {
	forgetSettings()
	servers, err := stack.New()
	if err != nil {
		return err
	}
	defer servers.Close()
	b := &bench{plan: plan, servers: servers, out: os.Stdout}
	for _, step := range []func(context.Context) error{b.prepare, b.measureHTTP, b.measureOutbox, b.measureWriters, b.measureHistory, b.measureStart} {
		if err := step(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// forgetSettings keeps the programs under test from being configured by whoever runs the bench.
func forgetSettings() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "MENJIN_") {
			_ = os.Unsetenv(name) // it fails for names that cannot be
		}
	}
}

// progress tells whoever waits what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
