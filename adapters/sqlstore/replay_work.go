package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// replayReach is how many events one Continue looks at to find those that are asked for: a rare type must not have one
// statement read all that are kept.
const replayReach = 20_000

const (
	firstReplayDelay   = time.Second
	longestReplayDelay = 30 * time.Second
)

const (
	replayTimeout = `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`

	// A replay holds the lock together with others from before it reads events until they are sent; who forgets events holds
	// it alone.
	mayReplay     = `SELECT pg_try_advisory_xact_lock_shared(hashtextextended('menjin outbox replays', 0))`
	keepReplayOut = `SELECT pg_advisory_xact_lock(hashtextextended('menjin outbox replays', 0))`

	endReplaysOf = `
UPDATE outbox_replays SET aggregate_id = NULL,
	failure = CASE WHEN finished_at IS NULL THEN 'the user was forgotten' ELSE failure END, finished_at = COALESCE(finished_at, ?)
WHERE aggregate_id = ?`
)

// Continue is ports.ReplayQueue's. What send gets has the deadline of a batch of the relay. On SQLite nothing is locked while
// it sends.
func (o *Outbox) Continue(ctx context.Context, limit int, send ports.Resend) (worked bool, err error) {
	proceed := o.continueSQLite
	if o.db.isPostgres() {
		proceed = o.continuePostgres
	}
	worked, err = proceed(ctx, max(limit, 1), send)
	if err != nil {
		return worked, fmt.Errorf("continue replay: %w", err)
	}
	return worked, nil
}

func (o *Outbox) continuePostgres(ctx context.Context, limit int, send ports.Resend) (worked bool, err error) {
	work := &pipeline{pool: o.db.pool}
	defer work.end(ctx)
	deadline := time.Now().Add(o.options.PublishWithin) // from before the server begins to wait for the commit
	timeout := strconv.FormatInt(o.options.TakeOverAfter.Milliseconds(), 10)
	if err := work.exec(ctx, replayTimeout, timeout); err != nil {
		return false, err
	}
	found, err := o.lockReplay(ctx, work)
	if err != nil || len(found) == 0 {
		return false, translate(err)
	}
	replay, failure := o.proceed(ctx, deadline, replayStep{work.query, found[0], limit}, send)
	ctx, cancel := o.finishing(ctx)
	defer cancel()
	if err := work.exec(ctx, noteReplay, o.db.progress(replay)...); err != nil {
		return true, err
	}
	return true, errors.Join(failure, translate(work.commit(ctx)))
}

// lockReplay finds none while somebody forgets events, or waits for those in hand to be sent.
func (o *Outbox) lockReplay(ctx context.Context, work *pipeline) (found []storedReplay, err error) {
	free := false
	err = work.query(ctx, func(from rows) error {
		for from.Next() {
			if err := from.Scan(&free); err != nil {
				return err
			}
		}
		return nil
	}, mayReplay)
	if err != nil || !free {
		return nil, err
	}
	err = work.query(ctx, func(from rows) error {
		found, err = readReplays(from)
		return err
	}, lockReplay, o.replayable()...)
	return found, err
}

// replayable are the arguments of replaysDue.
func (o *Outbox) replayable() []any {
	now := o.options.Clock()
	return []any{o.db.instant(now), o.db.instant(now.Add(ports.LongestDelay))}
}

func (o *Outbox) continueSQLite(ctx context.Context, limit int, send ports.Resend) (worked bool, err error) {
	replay, found, err := o.takeReplay(ctx)
	if err != nil || !found {
		return false, err
	}
	defer o.letGo(replay.ID)
	deadline := time.Now().Add(o.options.PublishWithin)
	replay, failure := o.proceed(ctx, deadline, replayStep{o.db.query, replay, limit}, send)
	ctx, cancel := o.finishing(ctx)
	defer cancel()
	_, err = o.db.exec(ctx, noteReplay, o.db.progress(replay)...)
	return true, errors.Join(failure, err)
}

func (db *DB) progress(replay storedReplay) []any {
	return []any{
		db.id(replay.ID), replay.Next, replay.Sent, db.instant(replay.FinishedAt), replay.Failure,
		replay.failures, db.instant(replay.notBefore),
	}
}

// proceed sends what is next and returns the replay as it is then, also with an error.
func (o *Outbox) proceed(ctx context.Context, deadline time.Time, step replayStep, send ports.Resend) (storedReplay, error) {
	replay := step.replay
	recorded, err := o.furthest(ctx, step)
	if err != nil {
		return replay, fmt.Errorf("read the stream's position: %w", translate(err))
	}
	events, reached, err := o.db.toReplay(ctx, step)
	if err != nil {
		return replay, fmt.Errorf("read events: %w", translate(err))
	}
	if len(events) > 0 {
		sending, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		if err := send(sending, recorded, replay.Replay, events); err != nil {
			return o.failed(replay, err)
		}
	}
	replay.failures = 0
	replay.Sent += int64(len(events))
	replay.Next = reached
	if replay.Next >= replay.Last {
		replay.FinishedAt = o.options.Clock()
	}
	return replay, nil
}

// furthest is Position, read the way the step reads.
func (o *Outbox) furthest(ctx context.Context, step replayStep) (position ports.StreamPosition, err error) {
	var sequence int64
	err = step.query(ctx, func(from rows) error {
		for from.Next() {
			if err := from.Scan(&position.Stream, &sequence); err != nil {
				return err
			}
		}
		return nil
	}, "SELECT stream, last_stream_seq FROM "+o.positions()+" ORDER BY last_stream_seq DESC, shard LIMIT 1")
	position.Sequence = uint64(sequence)
	return position, err
}

// failed is a replay whose events were not sent.
func (o *Outbox) failed(replay storedReplay, failure error) (storedReplay, error) {
	now := o.options.Clock()
	if rejected, ok := errors.AsType[*ports.RejectedError](failure); ok {
		replay.FinishedAt, replay.Failure = now, rejected.Reason
		return replay, nil
	}
	if _, ok := errors.AsType[*ports.RewoundError](failure); !ok {
		replay.notBefore = now.Add(min(firstReplayDelay<<min(replay.failures, 16), longestReplayDelay))
		replay.failures++
	}
	return replay, failure
}
