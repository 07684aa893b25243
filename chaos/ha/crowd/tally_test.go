package crowd

import (
	"testing"
	"time"
)

func TestSpanTellsTheLongestTimeWithoutSuccess(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	c := &Crowd{}
	for _, s := range []sample{
		{door: 1, kind: Check, began: at(1), ended: at(1)},
		{door: 2, kind: Check, began: at(4), ended: at(4)},
		{door: 1, kind: Check, began: at(5), ended: at(6), failed: "no answer"},
		{door: 1, kind: Check, began: at(9), ended: at(9), signedOut: true},
		{door: 1, kind: SignIn, began: at(9), ended: at(9)},
		{door: 1, kind: SignIn, began: at(30), ended: at(30)}, // of another span
	} {
		c.tally.add(s)
	}
	span := c.Span(began, at(10))
	if span.Requests != 5 || span.Failed != 1 || span.SignedOut != 1 || span.Reasons["no answer"] != 1 {
		t.Errorf("got %+v, want 5 requests, one of them failed and one signed out", span)
	}
	for what, d := range map[string][2]time.Duration{
		"checks": {span.Longest[Check], 6 * time.Second}, "sign-ins": {span.Longest[SignIn], 9 * time.Second},
		"refreshes": {span.Longest[Refresh], 10 * time.Second}, "one person": {span.OnePerson, 8 * time.Second},
	} {
		if d[0] != d[1] {
			t.Errorf("longest outage of %s: got %s, want %s", what, d[0], d[1])
		}
	}
}
