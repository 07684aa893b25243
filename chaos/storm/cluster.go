package storm

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/chaos/stage"
)

// clusterSize is the least of which one may be missing.
const clusterSize = 3

// cluster is PostgreSQL, relays and three NATS servers, of which one at a time is harmed: the stream has three copies, and needs
// two of them.
type cluster struct {
	*servers
	members *stage.Cluster
	harmed  bool // one of them
}

// Cluster runs against PostgreSQL and a cluster of NATS servers.
func Cluster(ctx context.Context, settings Settings) (*Report, error) {
	return run(ctx, settings, func(ctx context.Context, s *stage.Stage, settings *Settings) (set, error) {
		return newCluster(ctx, s, settings)
	})
}

func newCluster(ctx context.Context, s *stage.Stage, settings *Settings) (*cluster, error) {
	t := &cluster{servers: &servers{settings: settings, natsCopies: clusterSize}}
	if err := t.prepare(ctx, s); err != nil {
		return nil, err
	}
	var err error
	if t.members, err = s.Cluster(ctx, clusterSize); err != nil {
		return nil, err
	}
	t.natsURL = t.members.URLs()
	return t, t.begin(ctx, s)
}

func (t *cluster) name() string { return "PostgreSQL and a cluster of three NATS servers" }

func (t *cluster) stream() string { return t.members.Direct() }

func (t *cluster) leftOut() []string { return nil }

func (t *cluster) faults(d *director) []fault {
	whole := func() bool { return !t.harmed }
	withLeader := func() bool {
		_, err := t.members.Leader(natsbus.StreamName, clusterSize)
		return !t.harmed && err == nil
	}
	anyTime := func() bool { return true }
	return []fault{
		{KillRelay, 3, anyTime, func(context.Context) (remedy, error) { return t.killRelay(d) }},
		{PauseRelay, 1, t.bothUp, func(context.Context) (remedy, error) { return t.pauseRelay(d) }},
		{Terminate, 3, anyTime, func(ctx context.Context) (remedy, error) { return remedy{}, t.postgres.Terminate(ctx) }},
		{KillMember, 3, whole, func(context.Context) (remedy, error) { return t.kill(d, t.anyMember(d)), nil }},
		{KillLeader, 3, withLeader, func(context.Context) (remedy, error) { return t.killLeader(d) }},
		{CutMember, 3, whole, func(context.Context) (remedy, error) { return t.cutOff(d, t.anyMember(d)), nil }},
		{PauseMember, 3, whole, func(context.Context) (remedy, error) { return t.pause(d, t.anyMember(d)) }},
	}
}

func (t *cluster) anyMember(d *director) int { return d.random.IntN(t.members.Size()) }

// mended lets another server be harmed once this one is back, whether or not it has caught up by then: two of three copies hold
// everything that was acknowledged.
func (t *cluster) mended(after time.Duration, mend func() error) remedy {
	t.harmed = true
	return remedy{after, func(context.Context) error {
		t.harmed = false
		return mend()
	}}
}

func (t *cluster) kill(d *director, member int) remedy {
	t.members.Servers[member].Kill()
	return t.mended(d.between(0, 5*time.Second), t.members.Servers[member].Start)
}

func (t *cluster) killLeader(d *director) (remedy, error) {
	leader, err := t.members.Leader(natsbus.StreamName, clusterSize)
	if err != nil { // it went between the question whether there is one and this
		leader = t.anyMember(d)
	}
	return t.kill(d, leader), nil
}

// cutOff lasts longer than the others take to elect a leader, sometimes.
func (t *cluster) cutOff(d *director, member int) remedy {
	t.members.CutOff(member)
	return t.mended(d.between(0, 15*time.Second), func() error { t.members.Rejoin(member); return nil })
}

func (t *cluster) pause(d *director, member int) (remedy, error) {
	back := t.mended(d.between(0, 15*time.Second), t.members.Servers[member].Continue)
	return back, t.members.Servers[member].Pause()
}
