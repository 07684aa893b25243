// Command ha kills the parts of a service of three replicas one after the other while people use it through nginx, and tells how
// many requests failed, how long the longest outage was, and whether anything that was answered is lost.
//
//	go run ./chaos/ha                        with Redis by Sentinel, then by Cluster: about six minutes
//	go run ./chaos/ha -redis cluster
//	go run ./chaos/ha -part 'PostgreSQL killed'
//	go run ./chaos/ha -upgrade-from v1.2     upgrades replica by replica from the program of that tag, branch or commit
//	go run ./chaos/ha -old ./menjin-before   the same from a program that is at hand
//
// PostgreSQL, Redis and nginx must be installed, git where the program of a revision is to be made; everything else is this
// program in other processes. It ends by itself, with status 1 when a promise is broken, and leaves no process and no file behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

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
	wish, err := read(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "ha:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, wish); err != nil {
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

func run(ctx context.Context, w *wish) error {
	if w.from != "" {
		before, err := os.MkdirTemp("", "menjin-before-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(before)
		if err := w.makeOld(ctx, before); err != nil {
			return err
		}
	}
	var broken error
	for _, settings := range w.trials {
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
