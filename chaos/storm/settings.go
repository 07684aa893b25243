// Package storm plays faults against real servers at random moments while users change, and judges in the end what reached
// the stream.
package storm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/menjin-id/menjin/chaos/careless"
	"github.com/menjin-id/menjin/chaos/writer"
)

// The faults.
const (
	Rollback     = "rollback"    // transactions roll back, with events inserted or not
	Slow         = "slow"        // transactions stand with events inserted while later ones commit
	Gap          = "gap"         // the gap between acknowledgement and commit is widened
	KillRelay    = "kill-relay"  // or the one process of the embedded set
	PauseRelay   = "pause-relay" // SIGSTOP, for longer than a shard is lent
	KillNATS     = "kill-nats"
	OlderNATS    = "older-nats" // NATS comes back with an older copy of its store
	FillDisk     = "fill-disk"  // under NATS
	KillPostgres = "kill-postgres"
	Terminate    = "terminate"     // PostgreSQL ends half of its connections
	MoveDatabase = "move-database" // dumped, and restored into a fresh cluster
	Cut          = "cut"           // connections end, or cannot be had for a while
	Stall        = "stall"         // connections carry nothing for a while

	// Of the cluster of NATS servers, one at a time.
	KillMember  = "kill-nats-1of3"
	KillLeader  = "kill-leader" // of the stream
	CutMember   = "cut-nats"    // from the others and from clients
	PauseMember = "pause-nats"  // SIGSTOP
)

var (
	always         = []string{Rollback, Slow, Gap}
	serverFaults   = append(slices.Clone(always), KillRelay, PauseRelay, KillNATS, OlderNATS, FillDisk, KillPostgres, Terminate, MoveDatabase, Cut, Stall)
	clusterFaults  = []string{KillMember, KillLeader, CutMember, PauseMember}
	allFaults      = slices.Concat(serverFaults, clusterFaults)
	errNoSuchFault = errors.New("no such fault")
)

// Faults lists all there are.
func Faults() []string { return slices.Clone(allFaults) }

// Settings say what a run is.
type Settings struct {
	For    time.Duration // how long faults are played
	Pace   time.Duration // between two of them, on average
	Faults []string      // of those the set has; nil: all
	Seed   uint64        // of the choice and times of faults

	Relays int
	Shards int
	Lease  time.Duration // how long a process may stand still with a shard; 0: as in production
	Gap    time.Duration // at most, where it is widened
	Unsafe careless.Mode

	Writers  writer.Settings
	Progress func(format string, args ...any)
}

// Check returns an error for a fault or a guard that does not exist.
func (s *Settings) Check() error {
	for _, name := range s.Faults {
		if !slices.Contains(allFaults, name) {
			return fmt.Errorf("%w: %q; there are %s", errNoSuchFault, name, strings.Join(allFaults, ", "))
		}
	}
	return careless.Check(s.Unsafe)
}

func (s *Settings) wants(name string) bool { return s.Faults == nil || slices.Contains(s.Faults, name) }

// writers are told which of the faults are theirs.
func (s *Settings) writers() writer.Settings {
	w := s.Writers
	w.Rollbacks, w.Slow = s.wants(Rollback), s.wants(Slow)
	return w
}

func (s *Settings) gap() time.Duration {
	if s.wants(Gap) {
		return s.Gap
	}
	return 0
}

// lease is how long a shard is lent.
func (s *Settings) lease() time.Duration {
	const production = 10 * time.Second
	if s.Lease > 0 {
		return s.Lease
	}
	return production
}
