// Package natsmesh joins NATS servers into a cluster whose every connection passes a proxy, so that one server can be cut
// off from the others and from its clients. It starts no server: whoever does gives each the Settings made for it.
package natsmesh

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/menjin-id/menjin/chaos/proxy"
	"github.com/menjin-id/menjin/internal/testserver"
)

// Mesh is what lies between the servers of a cluster. It is not for concurrent use.
type Mesh struct {
	clientPorts, routePorts []int
	clients                 []*proxy.Proxy   // in front of each server
	routes                  [][]*proxy.Proxy // from a server to another; nil to itself
}

// New makes the way between so many servers. Whoever makes a mesh closes it.
func New(servers int) (*Mesh, error) {
	m := &Mesh{routes: make([][]*proxy.Proxy, servers)}
	for range servers {
		client, err := testserver.FreePort()
		if err != nil {
			return nil, err
		}
		route, err := testserver.FreePort()
		if err != nil {
			return nil, err
		}
		m.clientPorts, m.routePorts = append(m.clientPorts, client), append(m.routePorts, route)
	}
	if err := m.join(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Mesh) join() error {
	for from := range m.routes {
		m.routes[from] = make([]*proxy.Proxy, len(m.routes))
		for to, port := range m.routePorts {
			if to == from {
				continue
			}
			way, err := proxy.New("tcp", address(port))
			if err != nil {
				return err
			}
			m.routes[from][to] = way
		}
		front, err := proxy.New("tcp", address(m.clientPorts[from]))
		if err != nil {
			return err
		}
		m.clients = append(m.clients, front)
	}
	return nil
}

// Close ends everything that passes.
func (m *Mesh) Close() {
	for _, ways := range append(m.routes, m.clients) {
		for _, way := range ways {
			if way != nil {
				way.Close()
			}
		}
	}
}

// Size is how many servers there are.
func (m *Mesh) Size() int { return len(m.clientPorts) }

// URLs are those of all servers with commas between, by way of the proxies.
func (m *Mesh) URLs() string {
	urls := make([]string, 0, m.Size())
	for _, front := range m.clients {
		urls = append(urls, "nats://"+front.Addr())
	}
	return strings.Join(urls, ",")
}

// URL is a server's own, past its proxy.
func (m *Mesh) URL(server int) string { return "nats://" + address(m.clientPorts[server]) }

// Direct are the URLs of all servers with commas between, past the proxies.
func (m *Mesh) Direct() string {
	urls := make([]string, 0, m.Size())
	for server := range m.Size() {
		urls = append(urls, m.URL(server))
	}
	return strings.Join(urls, ",")
}

// CutOff ends what a server has to do with the others and with clients, until Rejoin.
func (m *Mesh) CutOff(server int) { m.each(server, (*proxy.Proxy).Refuse) }

// Rejoin lets a server that was cut off have company again.
func (m *Mesh) Rejoin(server int) { m.each(server, (*proxy.Proxy).Heal) }

func (m *Mesh) each(server int, change func(*proxy.Proxy)) {
	change(m.clients[server])
	for other := range m.routes {
		if other != server {
			change(m.routes[server][other])
			change(m.routes[other][server])
		}
	}
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Name is what a server calls itself.
func (m *Mesh) Name(server int) string { return fmt.Sprintf("mesh-%d", m.clientPorts[server]) }
