package course

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/domain"
)

// drainPatience is longer than the longest pause of a relay, and what a busy machine adds.
const drainPatience = 2 * time.Minute

// judge compares what the crowd was answered with the database, the stream and the sessions.
func (r *run) judge(ctx context.Context) error {
	database, err := book.OpenDatabase(r.Postgres.URL())
	if err != nil {
		return err
	}
	defer database.Close()
	if err := drain(ctx, database); err != nil {
		return err
	}
	versions, err := database.Versions(ctx)
	if err != nil {
		return err
	}
	for id := range r.crowd.Registered() {
		user, err := domain.ParseUserID(id)
		if err != nil {
			return fmt.Errorf("read a user's id: %w", err)
		}
		if r.report.Registered++; versions[user] == 0 {
			r.report.Missing++
		}
	}
	if r.report.Events, err = r.events(ctx, database, versions); err != nil {
		return err
	}
	r.report.LetIn = r.crowd.LetIn()
	r.report.Ended, r.report.Alive, err = r.crowd.Kept(ctx, r.Replicas[0].URL())
	return err
}

func drain(ctx context.Context, database *book.Database) error {
	ctx, cancel := context.WithTimeout(ctx, drainPatience)
	defer cancel()
	for {
		waiting, err := database.Pending(ctx)
		if err == nil && waiting == 0 {
			return nil
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("wait until all events are published, of which %d are left: %w", waiting, err)
		}
	}
}

func (r *run) events(ctx context.Context, database *book.Database, versions map[domain.UserID]int64) (*book.Verdict, error) {
	stream, err := book.OpenStream(r.NATS.Direct())
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	stored, window, err := stream.Read(ctx)
	if err != nil {
		return nil, err
	}
	record, err := database.Committed(ctx)
	if err != nil {
		return nil, err
	}
	return book.Judge(record, versions, stored, window), nil
}
