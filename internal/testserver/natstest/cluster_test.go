package natstest_test

import (
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
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "gate", Subjects: []string{"gate.>"}, Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	leader := cluster.Leader("gate", 3)
	cluster.CutOff(leader)
	for published, deadline := false, time.Now().Add(time.Minute); !published; {
		_, err := js.Publish(t.Context(), "gate.opened", nil, jetstream.WithMsgID("opened"))
		if published = err == nil; !published && time.Now().After(deadline) {
			t.Fatalf("not published within a minute: %v", err)
		}
	}
	cluster.Rejoin(leader)
	// The one that was away answers for the others until it has heard of its successor.
	for deadline := time.Now().Add(time.Minute); messages(t, js) != 1; {
		if time.Now().After(deadline) {
			t.Fatal("the message that was acknowledged is not there after a minute")
		}
	}
}
