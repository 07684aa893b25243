package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// fault is a card of the deck. Play harms and returns how it is made good and when, if it has to be.
type fault struct {
	name     string
	cards    int // how often it is in a deck
	possible func() bool
	play     func(ctx context.Context) (remedy, error)
}

// remedy ends a fault after a while. The zero value is that of a fault that ends by itself.
type remedy struct {
	after time.Duration
	do    func(ctx context.Context) error
}

type dueRemedy struct {
	at time.Time
	do func(ctx context.Context) error
}

// director plays faults, one after the other, and remedies when they are due, so that several faults last at once.
type director struct {
	settings *Settings
	random   *rand.Rand
	faults   []fault
	deck     []fault
	due      []dueRemedy
	played   map[string]int
}

// newDirector has no faults to play yet.
func newDirector(settings *Settings) *director {
	return &director{settings: settings, random: rand.New(rand.NewPCG(settings.Seed, 0)), played: map[string]int{}}
}

// take takes those of the faults that the settings want.
func (d *director) take(faults []fault) {
	for _, f := range faults {
		if d.settings.wants(f.name) {
			d.faults = append(d.faults, f)
		}
	}
}

// direct plays until the time is over, and then makes good what is still harmed.
func (d *director) direct(ctx context.Context, until time.Time) error {
	next := time.Now().Add(d.pause())
	for {
		at := until
		if next.Before(at) {
			at = next
		}
		for _, remedy := range d.due {
			if remedy.at.Before(at) {
				at = remedy.at
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(at)):
		}
		if err := d.mend(ctx, time.Now()); err != nil {
			return err
		}
		if !time.Now().Before(until) {
			return d.mend(ctx, until.Add(time.Hour))
		}
		if time.Now().Before(next) {
			continue
		}
		if err := d.harm(ctx); err != nil {
			return err
		}
		next = time.Now().Add(d.pause())
	}
}

// pause is half to one and a half times the pace.
func (d *director) pause() time.Duration {
	return d.settings.Pace/2 + time.Duration(d.random.Int64N(int64(d.settings.Pace)))
}

// mend plays the remedies that are due by then.
func (d *director) mend(ctx context.Context, by time.Time) error {
	for i := 0; i < len(d.due); {
		if d.due[i].at.After(by) {
			i++
			continue
		}
		do := d.due[i].do
		d.due = slices.Delete(d.due, i, i+1)
		if err := do(ctx); err != nil {
			return fmt.Errorf("make good: %w", err)
		}
	}
	return nil
}

// harm plays the next card that can be played. Cards that cannot come again with the next deck.
func (d *director) harm(ctx context.Context) error {
	if len(d.deck) == 0 {
		d.shuffle()
	}
	for i, f := range d.deck {
		if !f.possible() {
			continue
		}
		d.deck = slices.Delete(d.deck, i, i+1)
		d.played[f.name]++
		remedy, err := f.play(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if remedy.do != nil {
			d.due = append(d.due, dueRemedy{time.Now().Add(remedy.after), remedy.do})
		}
		return nil
	}
	return nil
}

// shuffle makes the next deck. The first is a third as high as others, so that a short run has a bit of everything.
func (d *director) shuffle() {
	for _, f := range d.faults {
		count := f.cards
		if len(d.played) == 0 {
			count = (count + 2) / 3
		}
		for range count {
			d.deck = append(d.deck, f)
		}
	}
	d.random.Shuffle(len(d.deck), func(i, j int) { d.deck[i], d.deck[j] = d.deck[j], d.deck[i] })
}

// between draws a time.
func (d *director) between(shortest, longest time.Duration) time.Duration {
	return shortest + time.Duration(d.random.Int64N(int64(longest-shortest)+1))
}
