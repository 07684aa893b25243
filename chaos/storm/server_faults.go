package storm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/chaos/stage"
)

func (t *servers) faults(d *director) []fault {
	withNATS := func() bool { return t.nats.Up() && !t.full }
	anyTime := func() bool { return true }
	return []fault{
		{KillRelay, 6, anyTime, func(context.Context) (remedy, error) { return t.killRelay(d) }},
		{PauseRelay, 2, t.bothUp, func(context.Context) (remedy, error) { return t.pauseRelay(d) }},
		{KillNATS, 4, withNATS, func(context.Context) (remedy, error) { return t.killNATS(d) }},
		{OlderNATS, 4, withNATS, func(context.Context) (remedy, error) { return t.olderNATS(d) }},
		{FillDisk, 1, func() bool { return withNATS() && t.nats.HasDisk() }, func(context.Context) (remedy, error) { return t.fillDisk(d) }},
		{KillPostgres, 2, anyTime, t.killPostgres},
		{Terminate, 6, anyTime, func(ctx context.Context) (remedy, error) { return remedy{}, t.postgres.Terminate(ctx) }},
		{MoveDatabase, 1, anyTime, t.moveDatabase},
		{Cut, 6, anyTime, func(context.Context) (remedy, error) { return t.cut(d) }},
		{Stall, 4, anyTime, func(context.Context) (remedy, error) { return t.stall(d) }},
	}
}

func (t *servers) bothUp() bool {
	for _, relay := range t.relays {
		if !relay.Up() || relay.Paused() {
			return false
		}
	}
	return true
}

func (t *servers) anyRelay(d *director) *stage.Child { return t.relays[d.random.IntN(len(t.relays))] }

func (t *servers) killRelay(d *director) (remedy, error) {
	relay := t.anyRelay(d)
	relay.Kill()
	return remedy{d.between(0, 2*time.Second), func(context.Context) error { return relay.Start() }}, nil
}

// pauseRelay lets a relay stand still until another has its shards, if it was at one.
func (t *servers) pauseRelay(d *director) (remedy, error) {
	relay := t.anyRelay(d)
	lease := t.settings.lease()
	return remedy{d.between(lease, lease*3/2), func(context.Context) error { return relay.Continue() }}, relay.Pause()
}

func (t *servers) killNATS(d *director) (remedy, error) {
	t.nats.Kill()
	return remedy{d.between(0, 3*time.Second), func(context.Context) error { return t.nats.Start() }}, nil
}

// olderNATS takes a copy of the store, and the next time brings it back.
func (t *servers) olderNATS(d *director) (remedy, error) {
	change := t.nats.Copy
	if t.nats.HasCopy() {
		change = t.nats.Restore
		d.played[OlderNATS+" (restored)"]++
	}
	t.nats.Kill()
	return remedy{d.between(0, time.Second), func(context.Context) error { return t.nats.Start() }}, change()
}

// fillDisk is made good as an operator would: room is made, and NATS started again, which has switched JetStream off.
func (t *servers) fillDisk(d *director) (remedy, error) {
	t.full = true
	return remedy{d.between(time.Second, 4*time.Second), func(context.Context) error {
		t.full = false
		t.nats.Kill()
		return errors.Join(t.nats.Empty(), t.nats.Start())
	}}, t.nats.Fill()
}

func (t *servers) killPostgres(context.Context) (remedy, error) {
	t.postgres.Kill()
	return remedy{}, t.postgres.Start()
}

func (t *servers) moveDatabase(ctx context.Context) (remedy, error) {
	both := []*proxy.Proxy{t.writersToDatabase, t.relaysToDatabase}
	for _, p := range both {
		p.Refuse()
	}
	if err := t.postgres.Move(ctx); err != nil {
		return remedy{}, err
	}
	if err := t.identityGoesOn(ctx); err != nil {
		return remedy{}, err
	}
	for _, p := range both {
		p.Redirect("unix", t.postgres.Socket())
		p.Heal()
	}
	return remedy{}, nil
}

// identityGoesOn fails when the restored database would give ids again that events have.
func (t *servers) identityGoesOn(ctx context.Context) error {
	database, err := t.database()
	if err != nil {
		return err
	}
	defer database.Close()
	next, err := database.Number(ctx, "SELECT nextval(pg_get_serial_sequence('outbox_events', 'id'))")
	if err != nil {
		return err
	}
	last, err := database.Number(ctx, "SELECT coalesce(max(id), 0) FROM outbox_events")
	if err == nil && next <= last {
		err = fmt.Errorf("the restored database gives id %d after %d", next, last)
	}
	return err
}

func (t *servers) anyProxy(d *director) *proxy.Proxy {
	return []*proxy.Proxy{t.writersToDatabase, t.relaysToDatabase, t.relaysToNATS}[d.random.IntN(3)]
}

func (t *servers) cut(d *director) (remedy, error) {
	p := t.anyProxy(d)
	if d.random.IntN(2) == 0 {
		p.Cut()
		return remedy{}, nil
	}
	p.Refuse()
	return healed(p, d.between(0, 3*time.Second)), nil
}

func (t *servers) stall(d *director) (remedy, error) {
	p := t.anyProxy(d)
	p.Stall()
	return healed(p, d.between(500*time.Millisecond, 6*time.Second)), nil
}

func healed(p *proxy.Proxy, after time.Duration) remedy {
	return remedy{after, func(context.Context) error { p.Heal(); return nil }}
}
