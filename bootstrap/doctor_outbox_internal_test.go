package bootstrap

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/ports"
)

func TestOutboxThatWantsADecisionIsFound(t *testing.T) {
	t.Parallel()
	now := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	works := []ports.ShardStatus{{Shard: 0}, {Shard: 1}}
	for word, c := range map[string]struct {
		status  ports.OutboxStatus
		verdict verdict
	}{
		"0 events wait":                           {ports.OutboxStatus{Shards: works}, verdictOK},
		"3 events wait":                           {ports.OutboxStatus{Waiting: 3, OldestAt: now.Add(-59 * time.Second), Shards: works}, verdictOK},
		"waited 1m1s":                             {ports.OutboxStatus{Waiting: 3, OldestAt: now.Add(-61 * time.Second), Shards: works}, verdictWarn},
		"1 event was refused":                     {ports.OutboxStatus{Dead: 1, Shards: works}, verdictWarn},
		"the later events of 2 users are held":    {ports.OutboxStatus{Dead: 1, Held: 2, Shards: works}, verdictWarn},
		"publication is paused in shard 0, 3":     {ports.OutboxStatus{Shards: []ports.ShardStatus{{Shard: 0, Paused: true}, {Shard: 1}, {Shard: 3, Paused: true}}}, verdictWarn},
		"refused by the stream; publication is p": {ports.OutboxStatus{Dead: 2, Shards: []ports.ShardStatus{{Paused: true}}}, verdictWarn},
	} {
		wants(t, word, judgeOutbox(c.status, now), c.verdict, word)
	}
}

func TestPausedOutboxIsFoundInTheDatabase(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, w *ward) {
		w.serve(t)()
		w.wantsOfDatabase(t, "at work", "outbox", verdictOK, "0 events wait")
		w.change(t, "UPDATE outbox_shards SET paused = true")
		w.wantsOfDatabase(t, "paused", "outbox", verdictWarn, "paused in shard 0")
		w.change(t, "UPDATE outbox_shards SET paused = false")
		w.wantsOfDatabase(t, "at work again", "outbox", verdictOK, "0 events wait")
	})
}
