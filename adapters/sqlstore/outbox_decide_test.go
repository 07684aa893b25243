package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func decisionNote() domain.AuditEntry {
	return domain.AuditEntry{ID: newID(), At: stampNow().At, Action: domain.AuditOutboxRetry}
}

// bury keeps an event of a user as a dead letter.
func (o *outboxTest) bury(tb testing.TB, user domain.UserID) domain.EventID {
	tb.Helper()
	event := o.append(tb, user)
	if err := o.Bury(tb.Context(), event, "too large", o.now); err != nil {
		tb.Fatal(err)
	}
	return event
}

// The searches of this outbox begin at the last published id, far above what is retried.
func TestRetriedEventsAreFoundBelowTheLastPublished(t *testing.T) {
	t.Parallel()
	o := scanTest(t)
	user := newUserID()
	poison, behind := o.bury(t, user), o.append(t, user)
	other := o.append(t, newUserID())
	o.wantDrained(t, other)
	if err := o.Retry(t.Context(), poison, decisionNote()); err != nil {
		t.Fatal(err)
	}
	o.wantDrained(t, poison, behind)
}

func TestEventCommittedAfterARetryComesAfterWhatWasRetried(t *testing.T) {
	t.Parallel()
	for name, decide := range map[string]func(*outboxTest, context.Context, domain.EventID) error{
		"retry": func(o *outboxTest, ctx context.Context, event domain.EventID) error {
			return o.Retry(ctx, event, decisionNote())
		},
		"discard": func(o *outboxTest, ctx context.Context, event domain.EventID) error {
			return o.Discard(ctx, event, decisionNote())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := scanTest(t)
			user := newUserID()
			poison, behind := o.bury(t, user), o.append(t, user)
			tx, err := o.db.bun.DB.BeginTx(t.Context(), &sql.TxOptions{})
			if err != nil {
				t.Fatal(err)
			}
			late, row, shard := o.event(t, user)
			if err := insertEventRow(t.Context(), o.db, tx, row, shard); err != nil {
				t.Fatal(err)
			}
			o.wantDrained(t, o.append(t, newUserID()))
			if err := decide(o, t.Context(), poison); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			want := []domain.EventID{poison, behind, late}
			if name == "discard" {
				want = want[1:]
			}
			o.wantDrained(t, want...)
		})
	}
}

// A program of its own, the command line say, decides while a batch is under way that holds an event behind the dead letter.
func TestEventsReleasedWhileABatchIsPublishedAreNotDroppedWithIt(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address := backend.url(t)
			o, other := newOutboxTest(t, openDB(t, Options{URL: address}), OutboxOptions{}), NewOutbox(openDB(t, Options{URL: address}), OutboxOptions{})
			user := newUserID()
			poison, behind := o.bury(t, user), o.append(t, user)
			o.append(t, newUserID())
			decided := make(chan error, 1)
			_, err := o.Drain(t.Context(), 10, func(ctx context.Context, recorded ports.StreamPosition, events []ports.OutboxEvent) (ports.StreamPosition, error) {
				go func() { decided <- other.Retry(context.WithoutCancel(ctx), poison, decisionNote()) }()
				if !o.db.isPostgres() { // where it would wait for this batch
					decided <- <-decided
				}
				return o.publish(ctx, recorded, events)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-decided; err != nil {
				t.Fatal(err)
			}
			o.wantDrained(t, poison, behind)
		})
	}
}

func TestDecisionThatCannotBeNotedIsNotMade(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			note := decisionNote()
			poison, published := o.bury(t, newUserID()), o.append(t, newUserID())
			o.wantDrained(t, published)
			if err := o.SetPaused(t.Context(), nil, false, note); err != nil {
				t.Fatal(err)
			}
			// The note's id is taken now.
			_, requeue := o.RequeueEvents(t.Context(), []domain.EventID{published}, note)
			_, request := o.Request(t.Context(), ports.Replay{ID: newID(), RequestedAt: o.now}, note)
			for attempt, err := range map[string]error{
				"retry": o.Retry(t.Context(), poison, note), "discard": o.Discard(t.Context(), poison, note),
				"pause": o.SetPaused(t.Context(), nil, true, note), "requeue": requeue, "request": request,
			} {
				if err == nil {
					t.Errorf("%s: got no error, want one", attempt)
				}
			}
			o.wantDrained(t)
			if replays, err := o.Replays(t.Context(), 10); err != nil || len(replays) != 0 {
				t.Errorf("replays: got %+v, error %v, want none", replays, err)
			}
			status, err := o.Status(t.Context())
			if err != nil || status.Dead != 1 || status.Shards[0].Paused {
				t.Errorf("status: got %+v, error %v, want one dead letter and nothing paused", status, err)
			}
		})
	}
}

func TestReplayOfARareTypeLooksAtABoundedNumberOfEventsAtOnce(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			user := newUserID()
			o.wantDrained(t, o.append(t, user))
			o.fill(t, user, replayReach)
			rare := o.append(t, newUserID())
			o.wantDrained(t, rare)
			asked := ports.Replay{ID: newID(), RequestedAt: o.now, Filter: ports.ReplayFilter{Since: o.now.Add(-time.Hour), FromID: 2}}
			if _, err := o.Request(t.Context(), asked, decisionNote()); err != nil {
				t.Fatal(err)
			}
			for step, want := range [][]domain.EventID{nil, {rare}} {
				var sent []domain.EventID
				worked, err := o.Continue(t.Context(), 10, func(_ context.Context, _ ports.StreamPosition, _ ports.Replay, events []ports.OutboxEvent) error {
					sent = eventIDs(events)
					return nil
				})
				if err != nil || !worked || len(sent) != len(want) {
					t.Errorf("step %d: got %v, %v, error %v, want %v", step, worked, sent, err, want)
				}
			}
			replays, err := o.Replays(t.Context(), 1)
			if err != nil || replays[0].FinishedAt.IsZero() || replays[0].Sent != 1 {
				t.Errorf("replay: got %+v, error %v, want it finished with one event sent", replays, err)
			}
		})
	}
}

func TestReplayGoesOnOnceAClockThatWasAheadIsPutRight(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			o := newOutboxTest(t, openDB(t, Options{URL: backend.url(t)}), OutboxOptions{})
			o.wantDrained(t, o.append(t, newUserID()))
			asked := ports.Replay{ID: newID(), RequestedAt: o.now, Filter: ports.ReplayFilter{FromID: 1}}
			if _, err := o.Request(t.Context(), asked, decisionNote()); err != nil {
				t.Fatal(err)
			}
			var answer error
			send := func(context.Context, ports.StreamPosition, ports.Replay, []ports.OutboxEvent) error { return answer }
			o.pass(time.Hour)
			answer = errStreamAway
			if _, err := o.Continue(t.Context(), 10, send); !errors.Is(err, errStreamAway) {
				t.Errorf("continue: got error %v, want %v", err, errStreamAway)
			}
			if worked, err := o.Continue(t.Context(), 10, send); worked || err != nil {
				t.Errorf("continue after a failure: got %v, error %v, want it left alone", worked, err)
			}
			o.pass(-time.Hour)
			answer = nil
			if worked, err := o.Continue(t.Context(), 10, send); !worked || err != nil {
				t.Errorf("continue once the clock is right: got %v, error %v, want work", worked, err)
			}
		})
	}
}

// fill keeps published events of a user, made long ago.
func (o *outboxTest) fill(tb testing.TB, user domain.UserID, count int) {
	tb.Helper()
	eventID := "gen_random_uuid()"
	if !o.db.isPostgres() {
		eventID = "randomblob(16)"
	}
	_, err := o.db.exec(tb.Context(), `
WITH RECURSIVE n (version) AS (SELECT 2 UNION ALL SELECT version + 1 FROM n WHERE version <= $1)
INSERT INTO outbox_events (event_id, type, schema_version, aggregate_id, aggregate_version, shard, subject, occurred_at, data, headers)
SELECT `+eventID+`, 'menjin.user.signed_in.v1', 1, $2, version, 0, 'menjin.user.signed_in', $3, '{}', '{}' FROM n`,
		count, o.db.id(user.ID), o.db.instant(o.now.Add(-48*time.Hour)))
	if err != nil {
		tb.Fatal(err)
	}
}
