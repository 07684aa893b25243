// Package course plays the high-availability trial: it harms one part after the other under load, and judges what was promised.
package course

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/chaos/ha/crowd"
	"github.com/menjin-id/menjin/chaos/ha/stand"
)

// Settings say what to play.
type Settings struct {
	Redis    string        // stand.Sentinel or stand.Cluster
	Notice   time.Duration // after which Redis takes a silent server for dead
	Down     time.Duration // how long a part stays down
	Settle   time.Duration // how long to look on when everything is well again
	Parts    []string      // by their names; empty: all
	Bury     bool          // leave a Redis that was killed away: it takes Sentinel ten seconds to have it back
	Old      string        // a program of the release before, from which to upgrade under load instead of harming
	OldName  string        // what the report calls it
	Progress func(format string, args ...any)
}

// lastRepetition is when the service ends sessions for the last time that ended, and what a busy machine adds.
const lastRepetition = 15 * time.Second

// step is one part that is harmed.
type step struct {
	name string
	harm func(context.Context) error
	mend func(context.Context) error // nil: there is nothing to mend
}

// run is one trial under way.
type run struct {
	settings Settings
	*stand.Stand
	crowd  *crowd.Crowd
	report *Report
}

// Play runs a trial to its end.
func Play(ctx context.Context, settings Settings) (*Report, error) {
	s, err := stand.New(ctx, stand.Settings{Redis: settings.Redis, Notice: settings.Notice, Program: settings.Old})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := &run{settings: settings, Stand: s, report: &Report{Redis: settings.Redis, Old: settings.OldName, Bound: 3*settings.Notice + lastRepetition}}
	if err := s.AwaitWhole(ctx); err != nil {
		return nil, err
	}
	r.crowd = crowd.Gather(ctx, s.URL)
	err = r.playAll(ctx)
	r.crowd.SendAway()
	if err != nil {
		return nil, err
	}
	return r.report, r.judge(ctx)
}

func (r *run) playAll(ctx context.Context) error {
	steps := r.parts()
	if r.settings.Old != "" {
		steps = r.upgrade()
	}
	for _, step := range steps {
		if !r.wanted(step.name) {
			continue
		}
		if err := r.play(ctx, step); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (r *run) wanted(name string) bool {
	for _, wanted := range r.settings.Parts {
		if wanted == name {
			return true
		}
	}
	return len(r.settings.Parts) == 0
}

func (r *run) play(ctx context.Context, step step) error {
	r.settings.Progress("%s", step.name)
	began := time.Now()
	if step.harm != nil {
		if err := step.harm(ctx); err != nil {
			return err
		}
	}
	if step.mend != nil {
		if err := wait(ctx, r.settings.Down); err != nil {
			return err
		}
		if err := step.mend(ctx); err != nil {
			return err
		}
	}
	if err := r.AwaitWhole(ctx); err != nil {
		return err
	}
	if err := wait(ctx, r.settings.Settle); err != nil {
		return err
	}
	r.report.add(step.name, began, time.Now(), r.crowd)
	return nil
}

func wait(ctx context.Context, so time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(so):
		return nil
	}
}
