package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/menjin-id/menjin/chaos/ha/course"
	"github.com/menjin-id/menjin/chaos/ha/revision"
	"github.com/menjin-id/menjin/chaos/ha/stand"
)

// wish is what the arguments ask for.
type wish struct {
	trials []course.Settings // one for each kind of Redis
	from   string            // the revision to upgrade from, whose program is still to be made; empty: none
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func read(args []string) (*wish, error) {
	w, s := &wish{}, course.Settings{Progress: progress}
	flags := flag.NewFlagSet("ha", flag.ContinueOnError)
	kind := flags.String("redis", "all", "sentinel, cluster or all")
	flags.DurationVar(&s.Notice, "notice", 5*time.Second, "after which Redis takes a silent server for dead")
	flags.DurationVar(&s.Down, "down", 4*time.Second, "how long a part stays down")
	flags.DurationVar(&s.Settle, "settle", 4*time.Second, "how long to look on after it is back")
	flags.Func("upgrade-from", "`revision` of the release before, a tag, branch or commit: build its program, and upgrade from it instead of killing", w.setFrom)
	flags.StringVar(&s.Old, "old", "", "`program` of the release before: upgrade from it instead of killing")
	flags.Func("part", "harm this part alone, by its name in the table; may be given more than once", func(name string) error {
		s.Parts = append(s.Parts, name)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if s.Old != "" {
		path, err := filepath.Abs(s.Old)
		if err != nil {
			return nil, err
		}
		s.Old, s.OldName = path, filepath.Base(path)
	}
	for _, redis := range []string{stand.Sentinel, stand.Cluster} {
		if *kind == redis || *kind == "all" {
			s.Redis = redis
			w.trials = append(w.trials, s)
		}
	}
	return w, w.check(flags.Args())
}

func (w *wish) setFrom(name string) error {
	if name == "" || strings.HasPrefix(name, "-") {
		return errors.New("must be a tag, a branch or a commit")
	}
	w.from = name
	return nil
}

func (w *wish) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %q", rest[0])
	case len(w.trials) == 0:
		return errors.New("-redis must be sentinel, cluster or all")
	case w.from != "" && w.trials[0].Old != "":
		return errors.New("-upgrade-from builds the program that -old names: give one of them")
	}
	for name, value := range map[string]time.Duration{"-notice": w.trials[0].Notice, "-down": w.trials[0].Down, "-settle": w.trials[0].Settle} {
		if value < 500*time.Millisecond || value > time.Minute {
			return errors.New(name + " must be 500ms to 1m")
		}
	}
	return nil
}

// makeOld makes the program of the revision in an empty folder and has all trials upgrade from it.
func (w *wish) makeOld(ctx context.Context, folder string) error {
	top, err := stand.Root()
	if err != nil {
		return err
	}
	old, err := revision.Find(ctx, top, w.from)
	if err != nil {
		return fmt.Errorf("-upgrade-from: %w", err)
	}
	progress("building %s", old)
	program, err := old.Build(ctx, folder)
	if err != nil {
		return fmt.Errorf("-upgrade-from: %w", err)
	}
	for i := range w.trials {
		w.trials[i].Old, w.trials[i].OldName = program, old.String()
	}
	return nil
}
