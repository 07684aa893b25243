package stage

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/menjin-id/menjin/chaos/part"
	"github.com/menjin-id/menjin/internal/testserver"
)

// NATS is a server with JetStream, on the same port and store however often it dies.
type NATS struct {
	*Child
	*Store
	port int
	disk *disk // nil where the store lies among the other files
}

// NATS starts a server whose store has so much room, where a small disk can be had: HasDisk tells.
func (s *Stage) NATS(room int64) (*NATS, error) {
	port, err := testserver.FreePort()
	if err != nil {
		return nil, err
	}
	store, err := s.Folder("nats-store")
	if err != nil {
		return nil, err
	}
	n := &NATS{port: port, Store: NewStore(store)}
	if n.disk, err = mount(store, room); err == nil {
		s.OnClose(n.disk.unmount)
	}
	n.Child, err = s.Child("nats", part.NATS, part.NATSSettings{Port: port, Store: filepath.Join(store, "jetstream")})
	if err != nil {
		return nil, err
	}
	n.ready = n.answers
	return n, n.Start()
}

// Addr is host and port.
func (n *NATS) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port)) }

// URL is the server's own, past every proxy.
func (n *NATS) URL() string { return "nats://" + n.Addr() }

// answers makes sure that it is our server that answers, not another one that took the port first.
func (n *NATS) answers() error {
	conn, err := nats.Connect(n.URL(), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	if got := conn.ConnectedServerName(); got != part.NATSName(n.port) {
		return fmt.Errorf("port %d belongs to another server", n.port)
	}
	return nil
}

// HasDisk reports whether the store has a disk of its own, which can be filled.
func (n *NATS) HasDisk() bool { return n.disk != nil }

// Fill takes all room that the store's disk has left.
func (n *NATS) Fill() error { return n.disk.fill() }

// Empty gives the room back.
func (n *NATS) Empty() error { return n.disk.empty() }
