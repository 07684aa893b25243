package subscriber

import (
	"errors"
	"slices"
	"testing"
	"time"

	menjin "github.com/menjin-id/menjin/clients/go"
)

func TestEventIsGivenUpByItsKindOfFailure(t *testing.T) {
	t.Parallel()
	busy, panicked := errors.New("busy"), panicError{errors.New("out of range")}
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		options Options
		failed  []error
		within  time.Duration // from the first failure to the last
		want    bool
	}{
		"permanent":                   {Options{}, []error{Permanent(busy)}, 0, true},
		"malformed":                   {Options{}, []error{menjin.ErrMalformed}, 0, true},
		"first error":                 {Options{}, []error{busy}, 0, false},
		"errors of an outage":         {Options{}, slices.Repeat([]error{busy}, 1400), 11 * time.Hour, false},
		"errors of half a day":        {Options{}, []error{busy, busy}, 12 * time.Hour, true},
		"nine panics":                 {Options{}, slices.Repeat([]error{panicked}, 9), 0, false},
		"ten panics":                  {Options{}, slices.Repeat([]error{panicked}, 10), 0, true},
		"an outage and one panic":     {Options{}, append(slices.Repeat([]error{busy}, 50), panicked), 0, false},
		"ten panics among errors":     {Options{}, append(slices.Repeat([]error{panicked}, 9), busy, panicked), 0, true},
		"below a number asked for":    {Options{MaxAttempts: 20}, slices.Repeat([]error{panicked}, 19), 30 * day, false},
		"at a number asked for":       {Options{MaxAttempts: 20}, slices.Repeat([]error{busy}, 20), 0, true},
		"below a time asked for":      {Options{GiveUpAfter: day}, []error{busy, busy}, day - 1, false},
		"at a time asked for":         {Options{GiveUpAfter: time.Hour}, []error{busy, busy}, time.Hour, true},
		"time before the number":      {Options{GiveUpAfter: time.Hour, MaxAttempts: 20}, []error{busy, busy}, time.Hour, true},
		"number before the time":      {Options{GiveUpAfter: time.Hour, MaxAttempts: 2}, []error{busy, busy}, 0, true},
		"first error in a short time": {Options{GiveUpAfter: 1}, []error{busy}, 0, false},
	} {
		options, began := test.options.withDefaults("x"), time.Now()
		var h history
		for i, err := range test.failed {
			at := began
			if last := i == len(test.failed)-1; last {
				at = began.Add(test.within)
			}
			h.note(err, at)
			if got, want := options.hopeless(h, err, at), test.want && i == len(test.failed)-1; got != want {
				t.Errorf("%s, after %d failures: got %t, want %t", name, i+1, got, want)
			}
		}
	}
}
