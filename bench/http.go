package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/bench/load"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/bench/stack"
	"github.com/menjin-id/menjin/domain"
)

// work is a route under load.
type work struct {
	name, what, goal string
	source           func(requests *requests) load.Source
}

var works = []work{
	{"check", "GET /api/auth/check", "≥ 0.85, p99 ≤ 1.5×", (*requests).check},
	{"info", "GET /api/user/info", "≥ 0.85", (*requests).info},
	{"login", "POST /api/login, known user", "≥ 0.80", (*requests).login},
	{"first-login", "POST /api/login, new user", "≥ 0.75", (*requests).firstLogin},
}

// side is one of the two programs under load.
type side struct {
	server   *stack.Server
	requests *requests
	rounds   []report.Figure // of the work at hand
}

// measureHTTP puts the service and its floor under the same loads, in turns.
func (b *bench) measureHTTP(ctx context.Context) error {
	if !b.plan.wantsAny("check", "info", "login", "first-login") {
		return nil
	}
	floor, ours, err := b.startSides(ctx)
	if err != nil {
		return err
	}
	tables := newHTTPTables()
	for _, work := range works {
		if !b.plan.wants(work.name) {
			continue
		}
		if err := b.measureWork(ctx, work, floor, ours); err != nil {
			return fmt.Errorf("%s: %w", work.what, err)
		}
		tables.add(work, floor.rounds, ours.rounds)
	}
	if err := tables.print(b); err != nil {
		return err
	}
	if now, peak, known := stack.Memory(ours.server.PID); known {
		_, err = fmt.Fprintf(b.out, "\nMemory of the service after these loads: %d MiB, at most %d MiB.\n", now>>20, peak>>20)
	}
	return err
}

func (b *bench) startSides(ctx context.Context) (floor, ours *side, err error) {
	progress("starting the service and its floor, and signing %d users in", users)
	urls, err := b.withDatabase(ctx, "service")
	if err != nil {
		return nil, nil, err
	}
	service, err := b.servers.Service(ctx, urls)
	if err != nil {
		return nil, nil, err
	}
	if urls, err = b.withDatabase(ctx, "floor"); err != nil {
		return nil, nil, err
	}
	if err := sqlstore.Migrate(ctx, domain.NewSecret(urls.Database)); err != nil {
		return nil, nil, err
	}
	// Another of Redis's numbered databases, so that the two share the server and nothing else.
	urls.Redis += "/1"
	least, err := b.servers.Floor(ctx, urls)
	if err != nil {
		return nil, nil, err
	}
	if floor, err = newSide(ctx, least); err != nil {
		return nil, nil, err
	}
	ours, err = newSide(ctx, service)
	return floor, ours, err
}

func newSide(ctx context.Context, server *stack.Server) (*side, error) {
	requests, err := signIn(ctx, server.Addr)
	if err != nil {
		return nil, fmt.Errorf("prepare the %s: %w", server.Name, err)
	}
	return &side{server: server, requests: requests}, nil
}

// measureWork changes who goes first from round to round.
func (b *bench) measureWork(ctx context.Context, work work, floor, ours *side) error {
	sides := []*side{floor, ours}
	for _, side := range sides {
		side.rounds = nil
	}
	for round := range b.plan.rounds {
		progress("%s, round %d of %d", work.what, round+1, b.plan.rounds)
		for i := range sides {
			if err := b.measureSide(ctx, work, sides[(i+round)%len(sides)]); err != nil {
				return err
			}
		}
	}
	if b.plan.profiles == "" {
		return nil
	}
	for _, side := range sides {
		if err := b.profile(ctx, work, side); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureSide(ctx context.Context, work work, side *side) error {
	figure, err := b.load(ctx, side.server, b.plan.conns, work.source(side.requests))
	if err != nil {
		return err
	}
	progress("  %-7s %9s/s, p50/p99 %s ms, CPU %.1f µs", side.server.Name, report.Count(figure.Rate),
		report.Milliseconds(figure.P50, figure.P99), report.Microseconds(figure.CPU))
	side.rounds = append(side.rounds, figure)
	return nil
}

// load puts a server that is at rest under one load, after a warm-up.
func (b *bench) load(ctx context.Context, server *stack.Server, conns int, source load.Source) (figure report.Figure, err error) {
	if err := server.Settle(ctx); err != nil {
		return figure, err
	}
	if _, err := load.Run(ctx, server.Addr, conns, b.plan.duration/5, source); err != nil {
		return figure, err
	}
	before, err := b.meters(ctx, server)
	if err != nil {
		return figure, err
	}
	result, err := load.Run(ctx, server.Addr, conns, b.plan.duration, source)
	if err != nil {
		return figure, err
	}
	after, err := b.meters(ctx, server)
	if err != nil {
		return figure, err
	}
	if result.Failed > 0 {
		progress("  %d requests to the %s failed, the first with: %s", result.Failed, server.Name, result.Failure)
	}
	if result.Succeeded() == 0 {
		return figure, fmt.Errorf("the %s answered no request", server.Name)
	}
	figure = after.since(before, result.Succeeded())
	figure.Rate, figure.P50, figure.P99 = result.Rate(), result.Latency.Quantile(0.5), result.Latency.Quantile(0.99)
	return figure, server.Forget()
}

// profile repeats the load, which is not counted as it is slower.
func (b *bench) profile(ctx context.Context, work work, side *side) error {
	profiled := make(chan error, 1)
	path := filepath.Join(b.plan.profiles, side.server.Name+"-"+work.name+".prof")
	go func() { profiled <- side.server.Side.Profile(ctx, b.plan.duration, path) }()
	_, err := load.Run(ctx, side.server.Addr, b.plan.conns, b.plan.duration+time.Second, work.source(side.requests))
	if profileErr := <-profiled; err == nil {
		err = profileErr
	}
	if err == nil {
		progress("  profile in %s", path)
	}
	return err
}
