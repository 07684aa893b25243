package storm

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/menjin-id/menjin/chaos/stage"
)

// before is how long the pace of changes is watched before the outage, at most.
const before = 10 * time.Second

// Outage is what came of one long outage.
type Outage struct {
	Before, During Pace
	Waiting        int64 // events, at its end
}

// Pace is how quickly changes were committed.
type Pace struct {
	Changes  int
	P50, P99 time.Duration
}

func paceOf(took []time.Duration) Pace {
	if len(took) == 0 {
		return Pace{}
	}
	slices.Sort(took)
	return Pace{len(took), took[len(took)/2], took[len(took)*99/100]}
}

func (o *Outage) write(out io.Writer) {
	for _, line := range []struct {
		when string
		pace Pace
	}{{"before", o.Before}, {"during", o.During}} {
		fmt.Fprintf(out, "%-42s %9d, p50 %.2f ms, p99 %.2f ms\n", "transactions committed "+line.when, line.pace.Changes,
			milliseconds(line.pace.P50), milliseconds(line.pace.P99))
	}
	fmt.Fprintf(out, "%-42s %9d\n", "events that waited at its end", o.Waiting)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// NATSDown keeps NATS down for the whole time while users change, and judges what arrives once it is back.
func NATSDown(ctx context.Context, settings Settings) (*Report, error) {
	settings.Faults = []string{} // nothing else goes wrong
	return play(ctx, settings, func(ctx context.Context, s *stage.Stage, settings *Settings) (set, error) {
		return newServers(ctx, s, settings)
	}, func(ctx context.Context, target set, report *Report) error {
		report.Set += ", NATS down"
		report.Outage = &Outage{}
		return report.Outage.play(ctx, target.(*servers))
	})
}

func (o *Outage) play(ctx context.Context, t *servers) error {
	_ = t.writers.Lap()
	if err := wait(ctx, min(before, t.settings.For)); err != nil {
		return err
	}
	o.Before = paceOf(t.writers.Lap())
	t.nats.Kill()
	if err := wait(ctx, t.settings.For); err != nil {
		return err
	}
	o.During = paceOf(t.writers.Lap())
	database, err := t.database()
	if err != nil {
		return err
	}
	defer database.Close()
	if o.Waiting, err = database.Pending(ctx); err != nil {
		return err
	}
	return t.nats.Start()
}

func wait(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}
