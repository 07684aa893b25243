package natsmesh

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const answersWithin = 2 * time.Second

// Leader returns the server that leads a stream of so many copies, and an error while there is none, or the servers do not
// agree, or one of the copies is missing or behind. All servers must be up. One that was away may take itself for the leader
// until it has heard of its successor, and then it is named now and then: enough for whoever wants to harm the leader mostly.
func (m *Mesh) Leader(stream string, copies int) (leader int, err error) {
	for server := range m.Size() {
		said, err := m.ask(server, stream, copies)
		if err != nil {
			return 0, err
		}
		if server > 0 && said != leader {
			return 0, errors.New("the servers do not agree on a leader")
		}
		leader = said
	}
	return leader, nil
}

// ask asks through one server, which answers itself if it takes itself for the leader.
func (m *Mesh) ask(server int, stream string, copies int) (int, error) {
	conn, err := nats.Connect(m.URL(server), nats.Timeout(time.Second))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answer, err := conn.Request("$JS.API.STREAM.INFO."+stream, nil, answersWithin)
	if err != nil {
		return 0, fmt.Errorf("ask for the leader: %w", err)
	}
	var info jetstream.StreamInfo
	if err := json.Unmarshal(answer.Data, &info); err != nil {
		return 0, fmt.Errorf("read the leader's answer: %w", err)
	}
	return m.leaderOf(&info, copies)
}

func (m *Mesh) leaderOf(info *jetstream.StreamInfo, copies int) (int, error) {
	if info.Cluster == nil {
		return 0, errors.New("there is no such stream, or it lies in no cluster")
	}
	if info.Cluster.Desired != nil {
		return 0, errors.New("the stream is on its way to other servers")
	}
	if got, want := len(info.Cluster.Replicas), copies-1; got != want {
		return 0, fmt.Errorf("the leader knows of %d copies beside its own, want %d", got, want)
	}
	for _, replica := range info.Cluster.Replicas {
		if replica.Offline || !replica.Current {
			return 0, fmt.Errorf("the copy of %s is behind", replica.Name)
		}
	}
	for server := range m.Size() {
		if m.Name(server) == info.Cluster.Leader {
			return server, nil
		}
	}
	return 0, errors.New("the stream has no leader")
}
