package main

import (
	"context"
	"testing"
	"time"

	"github.com/menjin-id/menjin/chaos/storm"
	"github.com/menjin-id/menjin/internal/testserver"
)

// What the take-over of a shard may cost. A relay whose process is gone has lost its connections with it, so PostgreSQL gives
// its shards up at once, long before the lease ends, and the others find them with their next poll. One that stands still keeps
// its shard until the lease ends. The rest is for a busy machine, which has to start the other one meanwhile.
const (
	longestPoll = time.Second
	busyMachine = 20 * time.Second
)

func TestShardsSpreadOverReplicas(t *testing.T) {
	t.Parallel()
	for name, relays := range map[string]string{"two": "2", "three": "3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testserver.SkipShort(t)
			report := play(t, "-set", "servers", "-for", "3s", "-pace", "1h", "-relays", relays, "-shards", "6", "-rate", "200",
				"-gap", "20ms", "-faults", "gap,slow,rollback")
			if report.Broken() {
				t.Errorf("a promise is broken: %+v", report.Verdict)
			}
			if got, want := len(report.Published), int(relays[0]-'0'); got != want {
				t.Errorf("replicas that published: got %v, want %d", report.Published, want)
			}
			t.Logf("of %d events: %v", report.Verdict.Stored, report.Published)
			for source, count := range report.Published {
				if count*10 < report.Verdict.Stored {
					t.Errorf("%s published %d of %d events, want a tenth at least", source, count, report.Verdict.Stored)
				}
			}
		})
	}
}

func TestShardsOfALostReplicaAreTakenOver(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lose         func(*storm.Replicas) error
		lease, bound time.Duration
	}{
		"that is killed":    {(*storm.Replicas).Kill, time.Minute, longestPoll + busyMachine},
		"that stands still": {(*storm.Replicas).Pause, 4 * time.Second, 4*time.Second + longestPoll + busyMachine},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testserver.SkipShort(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			replicas, err := storm.NewReplicas(ctx, test.lease)
			if err != nil {
				t.Fatal(err)
			}
			defer replicas.Close()
			took, err := replicas.TakeOver(ctx, test.lose)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("taken over after %s", took)
			if took > test.bound {
				t.Errorf("taken over after %s, want %s at most", took, test.bound)
			}
		})
	}
}
