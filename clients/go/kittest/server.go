package kittest

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
)

const patience = 60 * time.Second

// Server is a NATS server with JetStream on a loopback port. It ends with its test.
type Server struct {
	options server.Options
	running *server.Server
}

// Start starts a server that has the stream of events.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		MaxPending: 2 << 20, // as the service's embedded server has it
	}}
	s.start(t)
	t.Cleanup(s.Stop)
	config := jetstream.StreamConfig{
		Name: menjin.Stream, Subjects: []string{"menjin.user.>", "menjin.wechat.>"}, Storage: jetstream.FileStorage,
		Discard: jetstream.DiscardNew, MaxAge: 30 * 24 * time.Hour, Duplicates: 10 * time.Minute,
	}
	if _, err := s.JetStream(t).CreateStream(Soon(t), config); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	options := s.options
	running, err := server.NewServer(&options)
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	if !running.ReadyForConnections(patience) {
		t.Fatal("NATS is not ready")
	}
	s.running, s.options.Port = running, options.Port
}

// Stop stops the server. It may be called twice.
func (s *Server) Stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

// Restart stops the server and starts it again on the same port, from what it had stored.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop()
	s.start(t)
}

// Permit adds a user, whose password is the name, who may publish to the given subjects alone. Who says no name may do everything.
func (s *Server) Permit(t testing.TB, name string, publish []string) {
	t.Helper()
	s.options.Users = append(s.options.Users, &server.User{Username: "anybody", Password: "anybody"}, &server.User{
		Username: name, Password: name, Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: publish}, Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		},
	})
	s.options.NoAuthUser = "anybody"
	s.Restart(t)
}

// URL is where clients connect.
func (s *Server) URL() string { return s.running.ClientURL() }

// Connect opens a connection that reconnects quickly and is closed with the test.
func (s *Server) Connect(t testing.TB) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect(s.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// JetStream opens a connection and returns the streams behind it.
func (s *Server) JetStream(t testing.TB) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(s.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// Soon returns a context that ends when a test has waited long enough for anything.
func Soon(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
