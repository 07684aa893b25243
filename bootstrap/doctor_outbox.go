package bootstrap

import (
	"fmt"
	"strings"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// lateAfter is how long an event may wait before somebody should look; the alert on it says the same.
const lateAfter = time.Minute

// judgeOutbox warns of what somebody has to decide on, and of a relay that does not keep up.
func judgeOutbox(status ports.OutboxStatus, now time.Time) finding {
	var faults, advice []string
	note := func(fault, do string) { faults, advice = append(faults, fault), append(advice, do) }
	if status.Dead > 0 {
		note(plural(status.Dead, "event was", "events were")+" refused by the stream", "see menjin outbox dead, then retry or discard each")
	}
	if status.Held > 0 {
		note("the later events of "+plural(status.Held, "user", "users")+" are held behind a refused one", "they go on once it is decided on")
	}
	var paused []string
	for _, shard := range status.Shards {
		if shard.Paused {
			paused = append(paused, fmt.Sprint(shard.Shard))
		}
	}
	if len(paused) > 0 {
		note("publication is paused in shard "+strings.Join(paused, ", "), "run menjin outbox resume when the reason is gone")
	}
	if late := now.Sub(status.OldestAt).Round(time.Second); !status.OldestAt.IsZero() && late > lateAfter {
		note(fmt.Sprintf("an event has waited %s to be published", late), "start the service if none runs; otherwise see what the log says of NATS")
	}
	if len(faults) > 0 {
		return warn(strings.Join(faults, "; "), strings.Join(advice, "; "))
	}
	return ok(plural(status.Waiting, "event waits", "events wait") + " to be published")
}
