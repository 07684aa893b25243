package redisstore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2/server"
)

// playedMaster is a master of a played Cluster. It answers what is about the Cluster, and with a fixed text all that has a key.
type playedMaster struct {
	server *server.Server
	mu     sync.Mutex
	state  string // cluster_state
	answer string // in Redis's own form, "" for none at all
	got    []string
}

// playedCluster is a Cluster of two masters, each with half of the slots, which do what a test says.
type playedCluster struct {
	masters [2]*playedMaster
	mu      sync.Mutex
	noSlots bool
}

func playCluster(t *testing.T) *playedCluster {
	t.Helper()
	c := &playedCluster{}
	for i := range c.masters {
		s, err := server.NewServer("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		c.masters[i] = &playedMaster{server: s, state: "ok", answer: ":0\r\n"}
	}
	for _, m := range c.masters {
		m.server.SetPreHook(func(peer *server.Peer, name string, args ...string) bool {
			switch about := strings.ToLower(strings.Join(args[:min(1, len(args))], "")); {
			case name == "CLUSTER" && about == "slots":
				peer.WriteRaw(c.slots())
			case name == "CLUSTER" && about == "info":
				peer.WriteBulk(m.info())
			case name == "PING":
				peer.WriteInline("PONG")
			case slices.Contains([]string{"HELLO", "CLIENT", "COMMAND"}, name):
				return false // an unknown command
			default:
				peer.WriteRaw(m.take(name))
			}
			return true
		})
	}
	return c
}

func (c *playedCluster) url() string {
	return fmt.Sprintf("redis://%s,%s", c.masters[0].server.Addr(), c.masters[1].server.Addr())
}

func (c *playedCluster) slots() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noSlots {
		return "*0\r\n"
	}
	text := "*2\r\n"
	for i, m := range c.masters {
		text += fmt.Sprintf("*3\r\n:%d\r\n:%d\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$4\r\nid-%d\r\n",
			i*8192, i*8192+8191, m.server.Addr().Port, i)
	}
	return text
}

func (c *playedCluster) loseSlots() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noSlots = true
}

func (m *playedMaster) play(state, answer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.answer = state, answer
}

func (m *playedMaster) info() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return "cluster_state:" + m.state + "\r\ncluster_size:2\r\n"
}

func (m *playedMaster) take(name string) (answer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, name)
	return m.answer
}

// received returns what came since the last time.
func (m *playedMaster) received() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.got
	m.got = nil
	return got
}
