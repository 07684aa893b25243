package sqlstore

import (
	"database/sql"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const scanTestEvery = time.Hour

// scanTest is an outbox whose searches begin right at the last published id, and from the beginning once in an hour.
func scanTest(t *testing.T) *outboxTest {
	t.Helper()
	return newOutboxTest(t, openDB(t, Options{URL: postgres.url(t)}), OutboxOptions{Slack: 1, FullScanEvery: scanTestEvery})
}

// appendLate begins to keep the user's next event; commit ends it. Meanwhile three others are kept and published.
func (o *outboxTest) appendLate(t *testing.T, user domain.UserID) (id domain.EventID, commit func()) {
	t.Helper()
	tx, err := o.db.bun.DB.BeginTx(t.Context(), &sql.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id, row, shard := o.event(t, user)
	if err := insertEventRow(t.Context(), o.db, tx, row, shard); err != nil {
		t.Fatal(err)
	}
	stranger := newUserID()
	o.wantDrained(t, o.append(t, stranger), o.append(t, stranger), o.append(t, stranger))
	return id, func() {
		t.Helper()
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEventCommittedLateIsFoundByTheNextFullScan(t *testing.T) {
	t.Parallel()
	o := scanTest(t)
	late, commit := o.appendLate(t, newUserID())
	commit()
	o.wantDrained(t) // or the scan is not what this test is about
	o.pass(scanTestEvery)
	o.wantDrained(t, late)
}

func TestEventCommittedLateIsFoundOnceAClockThatWasAheadIsPutRight(t *testing.T) {
	t.Parallel()
	o := scanTest(t)
	o.pass(3 * time.Hour)
	o.wantDrained(t, o.append(t, newUserID()))
	late, commit := o.appendLate(t, newUserID())
	commit()
	o.wantDrained(t) // or the scan is not what this test is about
	o.pass(-3 * time.Hour)
	o.wantDrained(t, late)
}

func TestEventCommittedLateIsNotOvertakenByTheUsersNext(t *testing.T) {
	t.Parallel()
	o := scanTest(t)
	user := newUserID()
	o.wantDrained(t, o.append(t, user))
	late, commit := o.appendLate(t, user)
	commit()
	next := o.append(t, user)
	o.wantDrained(t, late, next)
}

func TestRequeuedEventsAreFoundBelowTheLastPublished(t *testing.T) {
	t.Parallel()
	o := scanTest(t)
	var events []domain.EventID
	for range 5 {
		events = append(events, o.append(t, newUserID()))
		o.wantDrained(t, events[len(events)-1])
	}
	position := ports.StreamPosition{Stream: "stream", Sequence: 1}
	for after, want := range map[domain.EventID][]domain.EventID{events[1]: events[2:], {}: events} {
		if _, err := o.Requeue(t.Context(), after, 0, position); err != nil {
			t.Fatal(err)
		}
		o.wantDrained(t, want...)
	}
}

func TestSearchesFromTheBeginningTakeAHundredthOfTheTimeAtMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		every, took, want time.Duration
	}{
		{0, time.Millisecond, time.Second},
		{0, 40 * time.Millisecond, 4 * time.Second},
		{0, 5 * time.Second, 30 * time.Second},
		{time.Hour, 5 * time.Second, time.Hour},
	} {
		options := OutboxOptions{FullScanEvery: c.every}.withDefaults()
		if got := options.untilFullScan(c.took); got != c.want {
			t.Errorf("next search after one of %v, every %v: got %v, want %v", c.took, options.FullScanEvery, got, c.want)
		}
	}
}
