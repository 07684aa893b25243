package outbox_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/application/outbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const age = outbox.StreamAge(30 * 24 * time.Hour)

// books are an outbox and a stream, each as a list.
type books struct {
	now       time.Time
	published []ports.PublishedEvent
	stored    []ports.StoredEvent
	arriving  []ports.StoredEvent // come to the stream once it was read
	requeued  []domain.EventID
	notes     []domain.AuditEntry
}

func (b *books) Published(_ context.Context, after int64, limit int) (page []ports.PublishedEvent, err error) {
	for _, event := range b.published {
		if event.ID > after && len(page) < limit {
			page = append(page, event)
		}
	}
	return page, nil
}

func (b *books) RequeueEvents(_ context.Context, events []domain.EventID, note domain.AuditEntry) (int64, error) {
	b.requeued, b.notes = append(b.requeued, events...), append(b.notes, note)
	return int64(len(events)), nil
}

func (b *books) Scan(_ context.Context, _ time.Time, each func(ports.StoredEvent) error) error {
	for i, event := range b.stored {
		event.Sequence = uint64(i) + 1
		if err := each(event); err != nil {
			return err
		}
	}
	b.stored, b.arriving = append(b.stored, b.arriving...), nil
	return nil
}

// write adds an event of a user to the outbox, made so long after the first, and returns its mark on the stream.
func (b *books) write(user byte, version int64, after time.Duration) ports.StoredEvent {
	at, id := b.now.Add(after-time.Hour), int64(len(b.published))+1
	event := idOf(at)
	event.ID[15], event.ID[14] = byte(id), byte(id>>8)
	who := domain.UserID{ID: domain.ID{0: 1, 15: user}}
	b.published = append(b.published, ports.PublishedEvent{ID: id, Event: event, UserID: who, Version: version, At: at})
	return ports.StoredEvent{Event: event, UserID: who, Version: version}
}

func (b *books) verify(t *testing.T, repair bool) outbox.Verdict {
	t.Helper()
	verdict, err := b.use().Do(t.Context(), time.Time{}, repair, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func (b *books) use() *outbox.Verify {
	return outbox.NewVerify(b, b, age, func() time.Time { return b.now }, func() domain.ID { return domain.ID{15: 9} })
}

func newBooks() *books { return &books{now: time.Unix(1_800_000_000, 0).UTC()} }

func TestSoundStreamHasNoFaults(t *testing.T) {
	t.Parallel()
	b := newBooks()
	for i := range 3000 {
		b.stored = append(b.stored, b.write(byte(i), int64(i/256)+1, time.Duration(i)*time.Second))
	}
	slices.SortStableFunc(b.stored, func(x, y ports.StoredEvent) int { // shards were not equally quick
		return int(madeTogether(x)) - int(madeTogether(y))
	})
	got := b.verify(t, true)
	if got.Compared != 3000 || got.Stored != 3000 || len(got.Missing)+len(got.Twice)+len(got.Reordered) > 0 || len(b.notes) > 0 {
		t.Errorf("got %+v and notes %v, want 3000 compared and no fault", got, b.notes)
	}
}

// madeTogether puts events of two halves of the users apart by a little.
func madeTogether(event ports.StoredEvent) byte { return event.UserID.ID[15] >> 7 }

func TestMissingEventsAreFoundAndWaitAgain(t *testing.T) {
	t.Parallel()
	b := newBooks()
	var want []domain.EventID
	for i := range 2600 {
		stored := b.write(byte(i), int64(i/256)+1, time.Duration(i)*time.Second)
		if i%4 == 1 {
			want = append(want, stored.Event)
			continue
		}
		b.stored = append(b.stored, stored)
	}
	found := b.verify(t, false)
	if len(found.Missing) != len(want) || found.Requeued != 0 || len(b.requeued) > 0 {
		t.Fatalf("got %d missing, %d put back, want %d and none", len(found.Missing), len(b.requeued), len(want))
	}
	mended := b.verify(t, true)
	if !slices.Equal(b.requeued, want) || mended.Requeued != int64(len(want)) || len(b.notes) != 2 {
		t.Errorf("put back %d events by %d notes, want %d in order by 2", len(b.requeued), len(b.notes), len(want))
	}
}

func TestRepairOfOneEventNamesItAndItsUser(t *testing.T) {
	t.Parallel()
	b := newBooks()
	lost := b.write(7, 1, 0)
	b.stored = append(b.stored, b.write(8, 1, time.Second))
	b.verify(t, true)
	if len(b.notes) != 1 || b.notes[0].Action != domain.AuditOutboxRequeue || b.notes[0].Target != lost.UserID ||
		b.notes[0].Detail != "event "+lost.Event.String() {
		t.Errorf("got notes %+v, want one that names event %s of user %s", b.notes, lost.Event, lost.UserID)
	}
}

func TestEventStoredMeanwhileIsNotMissing(t *testing.T) {
	t.Parallel()
	b := newBooks()
	b.stored = append(b.stored, b.write(1, 1, 0))
	b.arriving = append(b.arriving, b.write(2, 1, time.Second))
	if got := b.verify(t, false); len(got.Missing) > 0 {
		t.Errorf("got %+v, want none missing", got.Missing)
	}
}

func TestCopiesAndEventsOutOfOrderAreFoundAndToldApart(t *testing.T) {
	t.Parallel()
	b := newBooks()
	one, two := b.write(1, 1, 0), b.write(1, 2, time.Second)
	first, second := b.write(2, 1, 2*time.Second), b.write(2, 2, 3*time.Second)
	b.stored = []ports.StoredEvent{one, two, one, second, first}
	got := b.verify(t, false)
	if want := []outbox.Copies{{Event: one.Event, First: 1, Count: 2}}; !slices.Equal(got.Twice, want) {
		t.Errorf("stored twice: got %+v, want %+v", got.Twice, want)
	}
	first.Sequence = 5
	if want := []ports.StoredEvent{first}; !slices.Equal(got.Reordered, want) {
		t.Errorf("out of order: got %+v, want %+v", got.Reordered, want)
	}
	if len(got.Missing) > 0 {
		t.Errorf("missing: got %+v, want none", got.Missing)
	}
}

func TestEventsOlderThanTheStreamKeepsAreNotCompared(t *testing.T) {
	t.Parallel()
	b := newBooks()
	b.write(1, 1, -40*24*time.Hour)
	b.stored = append(b.stored, b.write(2, 1, 0))
	if got := b.verify(t, false); got.Compared != 1 || len(got.Missing) > 0 {
		t.Errorf("got %+v, want one compared and none missing", got)
	}
}

func TestSinceLeavesOlderEventsOut(t *testing.T) {
	t.Parallel()
	b := newBooks()
	b.write(1, 1, 0)
	late := b.write(2, 1, 50*time.Minute)
	got, err := b.use().Do(t.Context(), b.now.Add(-30*time.Minute), false, func(int64) {})
	if err != nil || got.Compared != 1 || len(got.Missing) != 1 || got.Missing[0].Event != late.Event {
		t.Errorf("got %+v, error %v, want the later event missing alone", got, err)
	}
}

func TestStreamThatHasLittleInCommonIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBooks()
	for i := range 1200 {
		b.write(byte(i), int64(i/256)+1, time.Duration(i)*time.Second)
	}
	uc := b.use()
	uc.Bound(1000)
	if _, err := uc.Do(t.Context(), time.Time{}, true, func(int64) {}); !errors.Is(err, outbox.ErrTooDifferent) || len(b.requeued) > 0 {
		t.Errorf("got error %v and %d put back, want ErrTooDifferent and none", err, len(b.requeued))
	}
}
