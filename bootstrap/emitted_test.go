package bootstrap_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/eventtest"
)

// watched are the streams that are looked through at the end of a test.
var watched sync.Map

// watchStream holds every event in the stream of a program against what is published about events, at the end of the test that
// is the first to use the stream, when its programs are gone. A test that leaves NATS down leaves nothing to look at.
func watchStream(tb testing.TB, s settings) {
	tb.Helper()
	url, store := s["events.url"], filepath.Join(s["data_dir"], "nats")
	embedded := url == "" || url == "embedded"
	if embedded && s["data_dir"] == "" {
		return
	}
	key := url
	if embedded {
		key = store
	}
	if _, again := watched.LoadOrStore(key, true); again {
		return
	}
	tb.Cleanup(func() {
		open := func() (*nats.Conn, func()) { return dialStream(url) }
		if embedded {
			open = func() (*nats.Conn, func()) { return openStream(tb, store) }
		}
		conn, leave := open()
		defer leave()
		if conn != nil {
			checkEmitted(tb, conn)
		}
	})
}

func dialStream(url string) (conn *nats.Conn, leave func()) {
	conn, err := nats.Connect(url)
	if err != nil {
		return nil, func() {}
	}
	return conn, conn.Close
}

// openStream starts NATS on what an embedded one has left.
func openStream(tb testing.TB, store string) (conn *nats.Conn, leave func()) {
	tb.Helper()
	if _, err := os.Stat(filepath.Join(store, "jetstream")); err != nil {
		return nil, func() {} // the program did not get that far
	}
	config := &server.Options{JetStream: true, StoreDir: store, DontListen: true, NoLog: true, NoSigs: true}
	err := config.ProcessConfigString(`accounts { MENJIN { jetstream: enabled, users: [{user: reader, password: reader}] } }`)
	var embedded *server.Server
	if err == nil {
		embedded, err = server.NewServer(config)
	}
	if err != nil {
		tb.Errorf("open the stream left behind: %v", err)
		return nil, func() {}
	}
	embedded.Start()
	stop := func() {
		embedded.Shutdown()
		embedded.WaitForShutdown()
	}
	if !embedded.ReadyForConnections(patience) {
		tb.Errorf("open the stream left behind: the server is not ready after %s", patience)
		return nil, stop
	}
	if conn, err = nats.Connect("", nats.InProcessServer(embedded), nats.UserInfo("reader", "reader")); err != nil {
		tb.Errorf("open the stream left behind: %v", err)
		return nil, stop
	}
	return conn, func() { conn.Close(); stop() }
}

// checkEmitted reads the stream from its beginning to its end.
func checkEmitted(tb testing.TB, conn *nats.Conn) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // the test's own has ended
	defer cancel()
	js, err := jetstream.New(conn)
	if err != nil {
		tb.Errorf("look at what was emitted: %v", err)
		return
	}
	missing := func(err error) bool { return errors.Is(err, jetstream.ErrStreamNotFound) }
	consumer, err := subscribe(ctx, js, ">", missing)
	if missing(err) {
		return // nothing was ever emitted
	}
	if err != nil {
		tb.Errorf("look at what was emitted: %v", err)
		return
	}
	for left := consumer.CachedInfo().NumPending; left > 0; left-- {
		message, err := consumer.Next(jetstream.FetchContext(ctx))
		if err != nil {
			tb.Errorf("look at what was emitted, %d events before its end: %v", left, err)
			return
		}
		if err := eventtest.Check(message.Subject(), message.Headers(), message.Data()); err != nil {
			tb.Errorf("emitted: %v", err)
		}
	}
}
