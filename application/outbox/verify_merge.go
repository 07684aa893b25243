package outbox

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	recentUsers   = 100_000
	progressEvery = 1000
)

// merge reads the published events and those of the stream side by side.
type merge struct {
	published ports.PublishedEvents
	stream    ports.StreamReader
	since     time.Time
	most      int
	progress  func(int64)

	cursor   int64     // the outbox id read last
	upTo     time.Time // when it was made
	end      bool      // there are no more published events
	compared int64
	stored   int64

	absent  map[domain.EventID]ports.PublishedEvent // published, and not seen on the stream yet
	extra   map[domain.EventID]struct{}             // seen on the stream, and not among the published yet
	doubts  map[domain.EventID]*Copies              // to be counted when the stream is looked through again
	late    []ports.StoredEvent                     // behind a later event of their user, perhaps for the second time
	highest recent
}

func newMerge(
	published ports.PublishedEvents, stream ports.StreamReader, since time.Time, most int, progress func(int64),
) *merge {
	return &merge{
		published: published, stream: stream, since: since, most: most, progress: progress,
		absent: map[domain.EventID]ports.PublishedEvent{}, extra: map[domain.EventID]struct{}{},
		doubts: map[domain.EventID]*Copies{},
	}
}

func (m *merge) read(ctx context.Context) error {
	err := m.stream.Scan(ctx, m.since.Add(-longestDetour), func(event ports.StoredEvent) error { return m.take(ctx, event) })
	if err != nil {
		return fmt.Errorf("read the stream: %w", err)
	}
	for !m.end {
		if err := m.page(ctx); err != nil {
			return err
		}
	}
	for event := range m.extra {
		m.doubts[event] = &Copies{Event: event}
	}
	m.extra = nil
	return nil
}

// take reads on among the published events until one made later than this one, so that this one is mostly met there.
func (m *merge) take(ctx context.Context, event ports.StoredEvent) error {
	made := madeAt(event.Event)
	for !m.end && !m.upTo.After(made) {
		if err := m.page(ctx); err != nil {
			return err
		}
	}
	m.count()
	if _, found := m.absent[event.Event]; found {
		delete(m.absent, event.Event)
	} else if !made.Before(m.since) { // the outbox may still have older ones, and they are no part of the comparison
		if _, found := m.extra[event.Event]; found {
			m.doubts[event.Event] = &Copies{Event: event.Event}
		}
		m.extra[event.Event] = struct{}{}
	}
	if !event.UserID.IsZero() && !m.highest.rises(event.UserID, event.Version) {
		m.late = append(m.late, event)
		m.doubts[event.Event] = &Copies{Event: event.Event}
	}
	return m.bounded()
}

func (m *merge) page(ctx context.Context) error {
	page, err := m.published.Published(ctx, m.cursor, verifyPage)
	if err != nil {
		return fmt.Errorf("read published events: %w", err)
	}
	m.end = len(page) == 0
	for _, event := range page {
		m.cursor, m.upTo = event.ID, event.At
		if event.At.Before(m.since) {
			continue
		}
		m.compared++
		if _, found := m.extra[event.Event]; found {
			delete(m.extra, event.Event)
		} else {
			m.absent[event.Event] = event
		}
	}
	return m.bounded()
}

func (m *merge) bounded() error {
	if max(len(m.absent), len(m.extra), len(m.doubts), len(m.late)) > m.most {
		return ErrTooDifferent
	}
	return nil
}

func (m *merge) count() {
	if m.stored++; m.stored%progressEvery == 0 {
		m.progress(m.stored)
	}
}

// lookAgain counts how often the stream holds what is in doubt, and finds what was stored after the first look.
func (m *merge) lookAgain(ctx context.Context, began time.Time) error {
	if len(m.doubts) == 0 && len(m.absent) == 0 {
		return nil
	}
	since := began
	for event := range m.doubts { // none of its copies was stored before it was made
		if made := madeAt(event); made.Before(since) {
			since = made
		}
	}
	err := m.stream.Scan(ctx, since.Add(-longestDetour), func(event ports.StoredEvent) error {
		delete(m.absent, event.Event)
		if copies := m.doubts[event.Event]; copies != nil {
			if copies.Count++; copies.Count == 1 {
				copies.First = event.Sequence
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the stream again: %w", err)
	}
	return nil
}

// verdict sorts what was found.
func (m *merge) verdict() Verdict {
	m.progress(m.stored)
	verdict := Verdict{Since: m.since, Compared: m.compared, Stored: m.stored}
	verdict.Missing = slices.SortedFunc(maps.Values(m.absent), func(a, b ports.PublishedEvent) int { return cmp.Compare(a.ID, b.ID) })
	for _, copies := range m.doubts {
		if copies.Count > 1 {
			verdict.Twice = append(verdict.Twice, *copies)
		}
	}
	slices.SortFunc(verdict.Twice, func(a, b Copies) int { return cmp.Compare(a.First, b.First) })
	for _, event := range m.late {
		if m.doubts[event.Event].First == event.Sequence {
			verdict.Reordered = append(verdict.Reordered, event)
		}
	}
	return verdict
}

// recent knows the highest versions of the users seen last, at least recentUsers and at most twice as many.
type recent struct{ newer, older map[domain.UserID]int64 }

// rises notes a version and reports whether it is above those noted before.
func (r *recent) rises(user domain.UserID, version int64) bool {
	highest, found := r.newer[user]
	if !found {
		highest = r.older[user]
	}
	if r.newer == nil || len(r.newer) >= recentUsers {
		r.newer, r.older = make(map[domain.UserID]int64), r.newer
	}
	r.newer[user] = max(highest, version)
	return version > highest
}
