// Command ha kills the parts of a service of three replicas one after the other while people use it through nginx, and tells how
// many requests failed, how long the longest outage was, and whether anything that was answered is lost.
//
//	go run ./chaos/ha                        with Redis by Sentinel, then by Cluster: about six minutes
//	go run ./chaos/ha -redis cluster
//	go run ./chaos/ha -part 'PostgreSQL killed'
//	go run ./chaos/ha -old ./menjin-before   upgrades replica by replica from the program of the release before
//
// PostgreSQL, Redis and nginx must be installed; everything else is this program in other processes. It ends by itself, with
// status 1 when a promise is broken, and leaves no process and no file behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/menjin-id/menjin/bench/child"
	"github.com/menjin-id/menjin/bootstrap"
	"github.com/menjin-id/menjin/chaos/ha/course"
	"github.com/menjin-id/menjin/chaos/ha/stand"
	"github.com/menjin-id/menjin/chaos/part"
)

var errBroken = errors.New("a promise is broken")

func main() {
	if len(os.Args) > 1 {
		playPart(os.Args[1], os.Args[2:])
	}
	settings, err := read(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "ha:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, settings); err != nil {
		fmt.Fprintln(os.Stderr, "ha:", err)
		stop()
		os.Exit(1)
	}
}

// playPart is what this program is in the processes it starts.
func playPart(mark string, args []string) {
	switch mark {
	case stand.Mark:
		os.Exit(bootstrap.Main(args))
	case part.Mark:
		os.Exit(part.Main(args))
	case child.Mark:
		os.Exit(child.Main(args))
	}
}

// read returns a trial for each kind of Redis that is wanted.
func read(args []string) (trials []course.Settings, err error) {
	s := course.Settings{Progress: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	flags := flag.NewFlagSet("ha", flag.ContinueOnError)
	kind := flags.String("redis", "all", "sentinel, cluster or all")
	flags.DurationVar(&s.Notice, "notice", 5*time.Second, "after which Redis takes a silent server for dead")
	flags.DurationVar(&s.Down, "down", 4*time.Second, "how long a part stays down")
	flags.DurationVar(&s.Settle, "settle", 4*time.Second, "how long to look on after it is back")
	flags.StringVar(&s.Old, "old", "", "program of the release before: upgrade from it instead of killing")
	flags.Func("part", "harm this part alone, by its name in the table; may be given more than once", func(name string) error {
		s.Parts = append(s.Parts, name)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if s.Old != "" {
		if s.Old, err = filepath.Abs(s.Old); err != nil {
			return nil, err
		}
	}
	for _, redis := range []string{stand.Sentinel, stand.Cluster} {
		if *kind == redis || *kind == "all" {
			s.Redis = redis
			trials = append(trials, s)
		}
	}
	return slices.Clip(trials), check(trials, flags.Args())
}

func check(trials []course.Settings, rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %q", rest[0])
	case len(trials) == 0:
		return errors.New("-redis must be sentinel, cluster or all")
	}
	for name, value := range map[string]time.Duration{"-notice": trials[0].Notice, "-down": trials[0].Down, "-settle": trials[0].Settle} {
		if value < 500*time.Millisecond || value > time.Minute {
			return errors.New(name + " must be 500ms to 1m")
		}
	}
	return nil
}

func run(ctx context.Context, trials []course.Settings) error {
	var broken error
	for _, settings := range trials {
		report, err := course.Play(ctx, settings)
		if err != nil {
			return err
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
