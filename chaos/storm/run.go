package storm

import (
	"context"
	"errors"
	"time"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/chaos/stage"
)

const (
	drainPatience = 2 * time.Minute
	settlesWithin = 2 * time.Second
	lookEvery     = 100 * time.Millisecond
	tellEvery     = 5 * time.Second
)

// set is what faults are played against: servers, or one process with everything in it.
type set interface {
	name() string
	faults(d *director) []fault
	leftOut() []string // faults that this machine does not allow, and why
	// stopWriting returns when nothing is written any more.
	stopWriting() error
	committed() int64 // so far, as far as writers were told
	database() (*book.Database, error)
	stream() string // URL
	book() string   // path
}

// Servers runs against PostgreSQL and NATS.
func Servers(ctx context.Context, settings Settings) (*Report, error) {
	return run(ctx, settings, func(ctx context.Context, s *stage.Stage, settings *Settings) (set, error) {
		return newServers(ctx, s, settings)
	})
}

// Embedded runs against one process with SQLite and NATS in it.
func Embedded(ctx context.Context, settings Settings) (*Report, error) {
	return run(ctx, settings, func(_ context.Context, s *stage.Stage, settings *Settings) (set, error) {
		return newEmbedded(s, settings)
	})
}

type (
	setUp func(ctx context.Context, s *stage.Stage, settings *Settings) (set, error)
	harm  func(ctx context.Context, target set, report *Report) error
)

// run plays faults from a deck.
func run(ctx context.Context, settings Settings, setUp setUp) (*Report, error) {
	return play(ctx, settings, setUp, func(ctx context.Context, target set, report *Report) error {
		d := newDirector(&settings)
		d.take(target.faults(d))
		report.Played, report.LeftOut = d.played, target.leftOut()
		return d.direct(ctx, time.Now().Add(settings.For))
	})
}

// play sets up, harms, lets everything drain and judges.
func play(ctx context.Context, settings Settings, setUp setUp, harm harm) (*Report, error) {
	if err := settings.Check(); err != nil {
		return nil, err
	}
	s, err := stage.New()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	target, err := setUp(ctx, s, &settings)
	if err != nil {
		return nil, err
	}
	report := &Report{Set: target.name(), For: settings.For, Seed: settings.Seed, Unsafe: settings.Unsafe}

	telling, stop := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() { defer close(told); tell(telling, &settings, target) }()
	err = harm(ctx, target, report)
	stop()
	<-told
	harmless := time.Now()
	if err = errors.Join(err, target.stopWriting()); err != nil {
		return nil, err
	}
	if err = drain(ctx, target, report); err != nil {
		return nil, err
	}
	report.Drain = time.Since(harmless)
	select { // so that what comes after the last event is judged too
	case <-ctx.Done():
	case <-time.After(settlesWithin):
	}
	return report, report.judge(ctx, target)
}

// tell prints a line now and then. It knows only what may be asked at any time.
func tell(ctx context.Context, settings *Settings, target set) {
	began := time.Now()
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			settings.Progress("%s %4.0fs of %.0fs: %d committed", target.name(), time.Since(began).Seconds(), settings.For.Seconds(), target.committed())
		}
	}
}

// drain waits until nothing waits and the stream holds as many messages as there are changes. Now that nothing is harmed any
// more, looking must not fail for long.
func drain(ctx context.Context, target set, report *Report) error {
	database, err := target.database()
	if err != nil {
		return err
	}
	defer database.Close()
	stream, err := book.OpenStream(target.stream())
	if err != nil {
		return err
	}
	defer stream.Close()
	for deadline := time.Now().Add(drainPatience); time.Now().Before(deadline); {
		if report.Drained, err = isDrained(ctx, database, stream); report.Drained {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
	return err
}

func isDrained(ctx context.Context, database *book.Database, stream *book.Stream) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	pending, err := database.Pending(ctx)
	if err != nil || pending > 0 {
		return false, err
	}
	changes, err := database.Changes(ctx)
	if err != nil {
		return false, err
	}
	count, _, err := stream.Count(ctx)
	return err == nil && int64(count) >= changes, err
}
