package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/menjin-id/menjin/bench/report"
)

// measureRegistrations signs new users in through the service. Its floor is the service itself while publication is paused, as
// menjin outbox pause does it; what waited then is published before the next load.
func (b *bench) measureRegistrations(ctx context.Context, tables lossTables) error {
	urls, err := b.withDatabase(ctx, "registrations")
	if err != nil {
		return err
	}
	service, err := b.servers.Service(ctx, urls)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, urls.Database)
	if err != nil {
		return fmt.Errorf("connect to the service's database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var floor, ours []report.Figure
	for round := range b.plan.rounds {
		progress("new users, round %d of %d", round+1, b.plan.rounds)
		paused := func() error {
			if err := pausePublication(ctx, conn, true); err != nil {
				return err
			}
			figure, err := b.load(ctx, service, writers, new(requests).firstLogin())
			floor = append(floor, figure)
			if err != nil {
				return err
			}
			return pausePublication(ctx, conn, false)
		}
		publishing := func() error {
			figure, err := b.load(ctx, service, writers, new(requests).firstLogin())
			ours = append(ours, figure)
			if err != nil {
				return err
			}
			var waiting int
			if err := conn.QueryRow(ctx, "SELECT count(*) FROM outbox_pending").Scan(&waiting); err != nil {
				return fmt.Errorf("count the events that wait: %w", err)
			}
			progress("  %d events waited to be published at the end", waiting)
			return nil
		}
		if err := inTurn(round, paused, publishing); err != nil {
			return err
		}
		progress("  alone %s/s, with the relay %s/s", report.Count(floor[round].Rate), report.Count(ours[round].Rate))
	}
	tables.add(fmt.Sprintf("POST /api/login, new user, %d connections", writers), floor, ours)
	return nil
}

func pausePublication(ctx context.Context, conn *pgx.Conn, paused bool) error {
	if _, err := conn.Exec(ctx, "UPDATE outbox_shards SET paused = $1", paused); err != nil {
		return fmt.Errorf("pause or resume publication: %w", err)
	}
	if paused {
		return nil
	}
	return awaitPublication(ctx, conn)
}

// awaitPublication returns when no event waits.
func awaitPublication(ctx context.Context, conn *pgx.Conn) error {
	for {
		var waiting bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM outbox_pending)").Scan(&waiting); err != nil {
			return fmt.Errorf("look for events that wait: %w", err)
		}
		if !waiting {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
