package outbox

import (
	"time"

	"github.com/menjin-id/menjin/ports"
)

// A batch of so many events that takes so long, and much longer than a batch needs at least, tells of writers who keep the machines
// busy. The next one then gathers for a moment: a batch costs the database and the stream much that does not depend on how many
// are in it, and takes that from the writers.
const (
	busyBatch = 64
	busyFor   = 5 * time.Millisecond
	busyTimes = 2 // the quickest
	gatherFor = 20 * time.Millisecond
)

// anotherRound is when the shard that was gathered for last has been given up, or taken by another replica.
const anotherRound = time.Second

// gathering decides which batches are followed by a pause. Its zero value has seen none.
type gathering struct {
	quickest time.Duration // of all batches: what the way to the database and to the stream takes
	shard    int           // gathered for last
	since    time.Time
}

// after reports whether the next batch gathers. Of several shards that are busy the relay pauses for one: an event then waits for
// one pause, and not for as many as there are shards.
func (g *gathering) after(drained ports.Drained, took time.Duration, now time.Time) bool {
	if g.quickest == 0 || took < g.quickest {
		g.quickest = took
	}
	if drained.Events < busyBatch || took < max(busyFor, busyTimes*g.quickest) {
		return false
	}
	if drained.Shard != g.shard && now.Sub(g.since) < anotherRound {
		return false
	}
	g.shard, g.since = drained.Shard, now
	return true
}
