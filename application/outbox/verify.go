package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const (
	verifyPage  = 1000
	requeueSize = 500
	// maxUnmatched is how many events either side may have that the other has not shown yet: some 100 MB of marks.
	maxUnmatched = 500_000
)

// ErrTooDifferent says that the outbox and the stream differ in more events than Verify keeps in mind.
var ErrTooDifferent = errors.New("the outbox and the stream differ in too many events; verify a shorter time")

// StreamAge is how long the stream keeps events.
type StreamAge time.Duration

// Verify compares what was published with what the stream holds, event by event, where Reconcile looks at its end alone.
//
// Both are read once, side by side in the order of time, and only what one side has shown and the other not yet is kept in mind,
// by its marks alone: on a stream that is sound that is about a page and what was on its way, however long the stream is.
// Where they differ a lot it is at most maxUnmatched events of each, beyond which Do gives up. Order is watched over the users
// seen last, recentUsers of them at least. Whatever looks wrong is looked for on the stream a second time, because it may have
// been published meanwhile.
type Verify struct {
	published ports.PublishedEvents
	stream    ports.StreamReader
	age       StreamAge
	now       ports.Clock
	newID     ports.NewID
	most      int
}

// NewVerify makes the use case.
func NewVerify(
	published ports.PublishedEvents, stream ports.StreamReader, age StreamAge, now ports.Clock, newID ports.NewID,
) *Verify {
	return &Verify{published, stream, age, now, newID, maxUnmatched}
}

// Verdict is what Verify found.
type Verdict struct {
	Since     time.Time // events made before were not compared
	Compared  int64     // published events
	Stored    int64     // events of the stream, copies included
	Missing   []ports.PublishedEvent
	Twice     []Copies
	Reordered []ports.StoredEvent // came after a later event of their user, and not before too
	Requeued  int64               // of the missing, how many wait again
}

// Copies is an event that the stream holds more than once.
type Copies struct {
	Event domain.EventID
	First uint64 // sequence
	Count int
}

// Do compares events made since an instant; zero, or longer ago than the stream keeps events, compares all that can be. With
// repair the missing events wait to be published again; they come behind later events of their users then, and one that was
// published within the stream's duplicate window is taken for known and stays missing until that has passed. progress is told
// now and then how many events of the stream were seen. Do returns ErrTooDifferent when they are beyond comparison.
func (uc *Verify) Do(ctx context.Context, since time.Time, repair bool, progress func(checked int64)) (Verdict, error) {
	began := uc.now()
	m, err := uc.begin(ctx, since, progress)
	if err != nil {
		return Verdict{}, err
	}
	if err := m.read(ctx); err != nil {
		return Verdict{}, err
	}
	if err := m.lookAgain(ctx, began); err != nil {
		return Verdict{}, err
	}
	verdict := m.verdict()
	if verdict.Missing, err = uc.still(ctx, verdict.Missing); err != nil {
		return Verdict{}, fmt.Errorf("read published events: %w", err)
	}
	if repair {
		verdict.Requeued, err = uc.requeue(ctx, verdict.Missing)
	}
	return verdict, err
}

// begin finds out from when on events can be compared: the stream still has them, and so has the outbox.
func (uc *Verify) begin(ctx context.Context, since time.Time, progress func(int64)) (*merge, error) {
	if oldest := uc.now().Add(-time.Duration(uc.age)).Add(longestDetour); since.Before(oldest) {
		since = oldest
	}
	page, err := uc.published.Published(ctx, 0, 1)
	if err != nil {
		return nil, fmt.Errorf("read published events: %w", err)
	}
	if len(page) > 0 {
		if first := page[0].At.Add(-longestDetour); since.Before(first) {
			since = first
		}
	}
	return newMerge(uc.published, uc.stream, since, uc.most, progress), nil
}

// still picks those that are published yet: others were put back meanwhile, and wait.
func (uc *Verify) still(ctx context.Context, missing []ports.PublishedEvent) (picked []ports.PublishedEvent, err error) {
	var page []ports.PublishedEvent
	for _, event := range missing {
		if len(page) == 0 || page[len(page)-1].ID < event.ID {
			if page, err = uc.published.Published(ctx, event.ID-1, verifyPage); err != nil {
				return nil, err
			}
		}
		byID := func(p ports.PublishedEvent, id int64) int { return cmp.Compare(p.ID, id) }
		if _, found := slices.BinarySearchFunc(page, event.ID, byID); found {
			picked = append(picked, event)
		}
	}
	return picked, nil
}

// requeue notes each chunk by itself.
func (uc *Verify) requeue(ctx context.Context, missing []ports.PublishedEvent) (requeued int64, err error) {
	for chunk := range slices.Chunk(missing, requeueSize) {
		ids := make([]domain.EventID, len(chunk))
		for i, event := range chunk {
			ids[i] = event.Event
		}
		count, err := uc.published.RequeueEvents(ctx, ids, uc.note(chunk))
		if err != nil {
			return requeued, fmt.Errorf("requeue missing events: %w", err)
		}
		requeued += count
	}
	return requeued, nil
}

// note names the event, or how many, and the user when it is one alone.
func (uc *Verify) note(chunk []ports.PublishedEvent) domain.AuditEntry {
	note := domain.AuditEntry{ID: uc.newID(), At: uc.now(), Action: domain.AuditOutboxRequeue, Detail: "event " + chunk[0].Event.String()}
	if len(chunk) > 1 {
		note.Detail = fmt.Sprintf("%d events, outbox ids %d to %d", len(chunk), chunk[0].ID, chunk[len(chunk)-1].ID)
	}
	other := func(event ports.PublishedEvent) bool { return event.UserID != chunk[0].UserID }
	if chunk[0].UserID.ID != chunk[0].Event.ID && !slices.ContainsFunc(chunk, other) {
		note.Target = chunk[0].UserID
	}
	return note
}
