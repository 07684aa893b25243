package bootstrap

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/domain"
)

// sessionBatch is how many sessions go to Redis, or are read there, in one round trip.
const sessionBatch = 200

// moveSessions writes the sessions of the old database into Redis, unless they are only to be verified, and compares: each of
// them, and that there is none besides. It returns how many are there. A session that ended in the old installation after a
// run that was broken off would come back to life otherwise.
func (t transferring) moveSessions(ctx context.Context, from *source) (count int64, err error) {
	client, err := redisstore.Connect(ctx, t.cfg.Sessions.URL)
	if err != nil {
		return 0, fmt.Errorf("sessions.url: %w", err)
	}
	defer client.Close()
	old, into := sqlstore.NewSessions(from.db, t.cfg.Session), redisstore.NewSessions(client, from.ring, t.cfg.Session)
	if !t.verify {
		if err := onlyMoved(ctx, old, into); err != nil { // before more is written to a Redis that is another's
			return 0, err
		}
		move := func(batch []*domain.Session) error {
			_, err := into.Move(ctx, batch, time.Now())
			return err
		}
		if _, err := t.eachBatch(ctx, old, "copy", move); err != nil {
			return 0, fmt.Errorf("move sessions to Redis: %w", err)
		}
	}
	count, err = t.eachBatch(ctx, old, "compare", func(batch []*domain.Session) error {
		return into.Compare(ctx, batch, time.Now())
	})
	if err != nil {
		return count, fmt.Errorf("compare sessions with Redis: %w", err)
	}
	return count, onlyMoved(ctx, old, into)
}

// eachBatch goes through the sessions that can be refreshed still, and returns how many there are.
func (t transferring) eachBatch(
	ctx context.Context, old *sqlstore.Sessions, doing string, use func([]*domain.Session) error,
) (count int64, err error) {
	batch := make([]*domain.Session, 0, sessionBatch)
	flush := func() error {
		err := use(batch)
		count += int64(len(batch))
		batch = batch[:0]
		t.tell(sqlstore.TransferProgress{Doing: doing, Table: "sessions in Redis", Rows: count})
		return err
	}
	began := time.Now()
	err = old.Each(ctx, func(session *domain.Session) error {
		if state := session.State(); !began.Before(state.RefreshUntil) || !began.Before(state.ExpiresAt) {
			return nil
		}
		if batch = append(batch, session); len(batch) == cap(batch) {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return count, err
}

// onlyMoved refuses a Redis that keeps sessions which the old database has not.
func onlyMoved(ctx context.Context, old *sqlstore.Sessions, into *redisstore.Sessions) error {
	return into.EachID(ctx, func(user domain.UserID, id domain.SessionID) error {
		kept, err := old.Has(ctx, user, id)
		if err == nil && !kept {
			err = fmt.Errorf("%w: session %s of user %s: only Redis has it", redisstore.ErrDiffers, id, user)
		}
		return err
	})
}
