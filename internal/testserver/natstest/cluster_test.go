package natstest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver"
	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

func TestClusterServesWithoutALeaderThatIsCutOff(t *testing.T) {
	t.Parallel()
	testserver.SkipShort(t)
	cluster := natstest.NewCluster(t)
	js := natstest.JetStream(t, cluster.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	within(t, "the stream is made", func() error { // servers that elect somebody refuse
		_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "gate", Subjects: []string{"gate.>"}, Replicas: 3})
		return err
	})
	leader := cluster.Leader("gate", 3)
	cluster.CutOff(leader)
	within(t, "a message is published", func() error {
		_, err := js.Publish(t.Context(), "gate.opened", nil, jetstream.WithMsgID("opened"))
		return err
	})
	cluster.Rejoin(leader)
	// The one that was away answers for the others until it has heard of its successor.
	within(t, "the message that was acknowledged is there", func() error {
		stream, err := js.Stream(t.Context(), "gate")
		if err == nil && stream.CachedInfo().State.Msgs != 1 {
			err = fmt.Errorf("got %d messages, want 1", stream.CachedInfo().State.Msgs)
		}
		return err
	})
}

// within asks again and again, for a minute.
func within(t *testing.T, what string, is func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		err := is()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s: %v", what, err)
		}
	}
}
