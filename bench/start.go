package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/bench/report"
	"github.com/menjin-id/menjin/bench/stack"
	"github.com/menjin-id/menjin/bench/startup"
	"github.com/menjin-id/menjin/domain"
)

// idleTime is how long a program has been left alone when its memory is looked at.
const idleTime = 2 * time.Second

// measureStart is about the program as an operator starts it, built by the go command.
func (b *bench) measureStart(ctx context.Context) error {
	if !b.plan.wants("start") {
		return nil
	}
	progress("building the program")
	folder, err := b.servers.Folder("start")
	if err != nil {
		return err
	}
	program, err := startup.Build(ctx, folder)
	if err != nil {
		return err
	}
	external, err := b.withDatabase(ctx, "start")
	if err != nil {
		return err
	}
	if err := sqlstore.Migrate(ctx, domain.NewSecret(external.Database)); err != nil { // so that no start has to make tables
		return err
	}
	data := func(name string) string { return filepath.Join(folder, name) }
	var fresh, again, outside []startup.Start
	for round := range b.plan.rounds {
		progress("start, round %d of %d", round+1, b.plan.rounds)
		dir := data(fmt.Sprintf("embedded-%d", round))
		for _, kind := range []struct {
			starts *[]startup.Start
			env    func() ([]string, error)
		}{
			{&fresh, func() ([]string, error) { return embedded(dir) }},
			{&again, func() ([]string, error) { return embedded(dir) }},
			{&outside, func() ([]string, error) { return external.Environment(data("external")), nil }},
		} {
			env, err := kind.env()
			if err != nil {
				return err
			}
			start, err := program.Measure(ctx, env, idleTime)
			if err != nil {
				return err
			}
			*kind.starts = append(*kind.starts, start)
		}
	}
	table := report.NewTable("start", "ready after ms", "goal", "idle memory MiB", "goal ")
	addStart(table, "embedded, empty folder", fresh, "≤ 300", "≤ 60")
	addStart(table, "embedded, used folder", again, "≤ 300", "≤ 60")
	addStart(table, "PostgreSQL, Redis, NATS", outside, "≤ 100", "≤ 35")
	return b.print(fmt.Sprintf("Start of the program; median of %d.", b.plan.rounds), table)
}

// embedded configures a service that needs nothing, on ports that are free.
func embedded(dir string) ([]string, error) {
	env := []string{"MENJIN_DATA_DIR=" + dir}
	for _, name := range []string{"MENJIN_EVENTS_EMBEDDED_ADDR", "MENJIN_WECHAT_SANDBOX_ADDR"} {
		addr, err := stack.FreeAddr()
		if err != nil {
			return nil, err
		}
		env = append(env, name+"="+addr)
	}
	return env, nil
}

func addStart(table *report.Table, what string, starts []startup.Start, readyGoal, memoryGoal string) {
	ready, memory := make([]time.Duration, len(starts)), make([]int64, len(starts))
	for i, start := range starts {
		ready[i], memory[i] = start.Ready, start.Memory
	}
	slices.Sort(ready)
	slices.Sort(memory)
	idle := "–"
	if middle := memory[len(memory)/2]; middle > 0 {
		idle = fmt.Sprint(middle >> 20)
	}
	table.Add(what, fmt.Sprint(ready[len(ready)/2].Milliseconds()), readyGoal, idle, memoryGoal)
}
