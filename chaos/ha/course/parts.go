package course

import (
	"context"
	"fmt"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/chaos/ha/stand"
)

// Names of the parts that a short trial harms.
const (
	Nothing     = "nothing"
	ReplicaDies = "replica 1 killed"
	MasterDies  = "Redis master killed"
	LeaderDies  = "NATS server killed, leader of the stream"
	Database    = "PostgreSQL killed"
)

// parts are all that may be harmed, in their order.
func (r *run) parts() []step {
	steps := []step{{name: Nothing}}
	for number, replica := range r.Replicas {
		steps = append(steps, step{
			name: fmt.Sprintf("replica %d killed", number+1),
			harm: func(context.Context) error { replica.Kill(); return nil },
			mend: func(context.Context) error { return replica.Start() },
		})
	}
	steps = append(steps, step{
		name: "replica 1 stopped in order",
		harm: func(context.Context) error { r.Replicas[0].Stop(); return nil },
		mend: func(context.Context) error { return r.Replicas[0].Start() },
	}, r.redis("Redis copy killed", r.Redis.Copy), r.redis(MasterDies, r.Redis.Master))
	if len(r.Redis.Sentinels) > 0 {
		steps = append(steps, r.redis("Sentinel killed", func(context.Context) (*stand.Node, error) { return r.Redis.Sentinels[0], nil }))
	}
	return append(steps, r.nats(LeaderDies, 0), r.nats("NATS server killed, another", 1), r.nats("NATS server killed, the third", 2), step{
		name: Database,
		harm: func(context.Context) error { r.Postgres.Kill(); return nil },
		mend: func(context.Context) error { return r.Postgres.Start() },
	})
}

func (r *run) redis(name string, which func(context.Context) (*stand.Node, error)) step {
	var node *stand.Node
	return step{
		name: name,
		harm: func(ctx context.Context) (err error) {
			if node, err = which(ctx); err == nil {
				node.Kill()
			}
			return err
		},
		// A master that came back before its death was noticed would go on where it stopped, and nothing be tried.
		mend: func(ctx context.Context) error {
			if r.settings.Bury {
				return nil
			}
			if err := wait(ctx, r.settings.Notice); err != nil {
				return err
			}
			return node.Start()
		},
	}
}

// nats harms the leader of the stream, or the server so many behind it.
func (r *run) nats(name string, behind int) step {
	var server int
	return step{
		name: name,
		harm: func(ctx context.Context) error {
			leader, err := r.NATS.AwaitLeader(ctx, natsbus.StreamName, stand.Size)
			if err != nil {
				return err
			}
			server = (leader + behind) % stand.Size
			r.NATS.Servers[server].Kill()
			return nil
		},
		mend: func(context.Context) error { return r.NATS.Servers[server].Start() },
	}
}

// upgrade replaces the program of the release before, replica by replica, after the schema.
func (r *run) upgrade() []step {
	steps := []step{
		{name: "the release before, alone"},
		{name: "schema brought up to date", harm: func(ctx context.Context) error { return r.Migrate(ctx, "") }},
	}
	for number, replica := range r.Replicas {
		steps = append(steps, step{
			name: fmt.Sprintf("replica %d replaced", number+1),
			harm: func(context.Context) error {
				replica.Stop()
				if err := replica.Become(""); err != nil {
					return err
				}
				return replica.Start()
			},
		})
	}
	return append(steps, step{name: "this release, alone"})
}
