package natsmesh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const patience = 60 * time.Second

// Settings are those of one server, to be handed to the process it runs in.
type Settings struct {
	Name      string
	Port      int
	RoutePort int
	Routes    []string // to the others
	Store     string
	Log       string // file; empty: no log
}

// Settings are a server's, with its store in a folder.
func (m *Mesh) Settings(server int, store string) Settings {
	s := Settings{Name: m.Name(server), Port: m.clientPorts[server], RoutePort: m.routePorts[server], Store: store}
	for _, way := range m.routes[server] {
		if way != nil {
			s.Routes = append(s.Routes, "nats://"+way.Addr())
		}
	}
	return s
}

// nowhere is told to other servers as the way here, so that they do not come past the proxies.
const nowhere = "127.0.0.1:1"

// Serve runs a server until it is told to end by SIGTERM, which it handles itself, and calls begun once it takes connections.
func (s Settings) Serve(begun func() error) error {
	running, err := server.NewServer(&server.Options{
		ServerName: s.Name, Host: "127.0.0.1", Port: s.Port, JetStream: true, StoreDir: s.Store,
		NoLog: s.Log == "", LogFile: s.Log,
		Routes: server.RoutesFromStr(strings.Join(s.Routes, ",")),
		Cluster: server.ClusterOpts{
			Name: "menjin-test", Host: "127.0.0.1", Port: s.RoutePort, Advertise: nowhere, NoAdvertise: true,
		},
	})
	if err != nil {
		return err
	}
	running.ConfigureLogger()
	running.Start()
	if !running.ReadyForConnections(patience) {
		return errors.New("NATS takes no connections")
	}
	if err := begun(); err != nil {
		return err
	}
	running.WaitForShutdown()
	return nil
}

// Answers returns nil when it is our server that answers, not another one that took the port first.
func (m *Mesh) Answers(server int) error {
	conn, err := nats.Connect(m.URL(server), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	if got := conn.ConnectedServerName(); got != m.Name(server) {
		return fmt.Errorf("port %d belongs to another server", m.clientPorts[server])
	}
	return nil
}

// HasQuorum returns an error until the servers can create a stream of so many copies as there are servers.
func (m *Mesh) HasQuorum(ctx context.Context) error {
	conn, err := nats.Connect(m.Direct(), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	const probe = "PROBE"
	if _, err = js.CreateStream(ctx, jetstream.StreamConfig{
		Name: probe, Storage: jetstream.MemoryStorage, Replicas: m.Size(),
	}); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return err
	}
	return js.DeleteStream(ctx, probe)
}
