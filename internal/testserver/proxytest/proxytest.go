// Package proxytest gives tests a proxy of their own in front of a server, to harm the way to it.
package proxytest

import (
	"net/url"
	"testing"

	"github.com/menjin-id/menjin/chaos/proxy"
)

// socket is the name of PostgreSQL's in the folder that a URL gives as its host.
const socket = "/.s.PGSQL.5432"

// To leads to a server, as net.Dial names it, and ends with tb.
func To(tb testing.TB, network, addr string) *proxy.Proxy {
	tb.Helper()
	way, err := proxy.New(network, addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(way.Close)
	return way
}

// Through leads a URL through a proxy that ends with tb, also one of PostgreSQL that names the folder of a socket.
func Through(tb testing.TB, address string) (*proxy.Proxy, string) {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	network, server, query := "tcp", u.Host, u.Query()
	if folder := query.Get("host"); folder != "" {
		network, server = "unix", folder+socket
		query.Del("host")
		u.RawQuery = query.Encode()
	}
	way := To(tb, network, server)
	u.Host = way.Addr()
	return way, u.String()
}
