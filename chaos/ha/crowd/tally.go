package crowd

import (
	"slices"
	"sync"
	"time"
)

// Kind is what a request asks for.
type Kind string

// The kinds.
const (
	SignIn  Kind = "sign-in"
	Check   Kind = "check"
	Refresh Kind = "refresh"
	Logout  Kind = "logout"
)

// sample is one request.
type sample struct {
	door         int
	kind         Kind
	began, ended time.Time
	failed       string // status and reason, or "no answer"; empty for an answer that was due
	signedOut    bool   // 401 for a session that nobody had ended
}

// tally is all requests.
type tally struct {
	mu      sync.Mutex
	samples []sample
}

func (t *tally) add(s sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.samples = append(t.samples, s)
}

// Span is what came of the requests of some time.
type Span struct {
	Requests, Failed, SignedOut int
	Reasons                     map[string]int
	Longest                     map[Kind]time.Duration // between two successes
	OnePerson                   time.Duration          // the same for whoever had to wait longest, whatever they asked for
}

// Span tells of the requests that began between two moments.
func (c *Crowd) Span(from, to time.Time) Span {
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	span := Span{Reasons: map[string]int{}, Longest: map[Kind]time.Duration{}}
	good, atDoor := map[Kind][]time.Time{}, map[int][]time.Time{}
	for _, s := range c.tally.samples {
		if s.began.Before(from) || s.began.After(to) {
			continue
		}
		span.Requests++
		switch {
		case s.failed != "":
			span.Failed++
			span.Reasons[s.failed]++
		case s.signedOut:
			span.SignedOut++
		default:
			good[s.kind] = append(good[s.kind], s.ended)
			atDoor[s.door] = append(atDoor[s.door], s.ended)
		}
	}
	for _, kind := range []Kind{SignIn, Check, Refresh, Logout} {
		span.Longest[kind] = longest(good[kind], from, to)
	}
	for _, ended := range atDoor {
		span.OnePerson = max(span.OnePerson, longest(ended, from, to))
	}
	return span
}

func longest(ended []time.Time, from, to time.Time) (gap time.Duration) {
	slices.SortFunc(ended, time.Time.Compare)
	for _, end := range append(ended, to) {
		gap = max(gap, end.Sub(from))
		if end.After(from) {
			from = end
		}
	}
	return gap
}
