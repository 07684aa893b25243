package natsbus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/menjin-id/menjin/domain"
)

const (
	embeddedPatience = 15 * time.Second
	embeddedMemory   = 64 << 20
	embeddedClients  = 128       // of the subscribers
	embeddedOwn      = 32        // connections that are left for the service
	embeddedPayload  = 128 << 10 // an event's data is 64 KiB at most
	embeddedPending  = 2 << 20   // what one client that does not read may hold of the process's memory
	embeddedWrite    = 5 * time.Second
)

// ErrAddress is matched by the error of StartEmbedded when it cannot listen on the address it was given.
var ErrAddress = errors.New("listen for subscribers")

// EmbeddedOptions tune the embedded server. The zero value is one that nobody outside the process can reach.
type EmbeddedOptions struct {
	// Addr is where subscribers on the network reach the server, e.g. "127.0.0.1:4222"; port 0 takes a free one. Empty:
	// nowhere. Subscribers need no password; the address is the protection.
	Addr string
	// SyncAlways makes each acknowledgement wait for the disk. Without it the system's crash may lose the last
	// acknowledged events from the stream; the outbox brings them back.
	SyncAlways bool
	Log        *slog.Logger // nil: the default logger
}

// Embedded is a NATS server with JetStream in this process.
type Embedded struct {
	server   *server.Server
	password domain.Secret
	gate     *gate
}

// StartEmbedded starts a server that keeps its streams in a folder, which no other server may use. Whoever starts it
// closes it, after every Bus on it.
func StartEmbedded(folder string, options EmbeddedOptions) (*Embedded, error) {
	password := domain.NewSecret(rand.Text())
	config, err := embeddedConfig(folder, options, password)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(config)
	if err != nil {
		return nil, fmt.Errorf("set up embedded NATS: %w", err)
	}
	log := &serverLog{log: orDefault(options.Log)}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	if !s.ReadyForConnections(embeddedPatience) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("start embedded NATS: not ready after %s: %s", embeddedPatience, log.lastFatal())
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("start embedded NATS: JetStream is off: %s", log.lastFatal())
	}
	e := &Embedded{server: s, password: password}
	if e.gate, err = openGate(log.log, e.access()...); err != nil {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("start embedded NATS: %w", err)
	}
	return e, nil
}

func embeddedConfig(folder string, options EmbeddedOptions, password domain.Secret) (*server.Options, error) {
	config := &server.Options{
		ServerName:             "menjin-embedded",
		JetStream:              true,
		StoreDir:               folder,
		SyncAlways:             options.SyncAlways,
		JetStreamMaxMemory:     embeddedMemory,
		MaxConn:                embeddedClients + embeddedOwn,
		MaxPayload:             embeddedPayload,
		MaxPending:             embeddedPending,
		WriteDeadline:          embeddedWrite,
		NoSigs:                 true,
		NoLog:                  true, // its own logger; ours is set later
		DisableJetStreamBanner: true,
	}
	if err := config.ProcessConfigString(accounts(password.Reveal())); err != nil {
		return nil, errors.New("read the embedded server's accounts: malformed") // its text would show the password
	}
	if options.Addr == "" {
		config.DontListen = true
		return config, nil
	}
	host, port, err := listenable(options.Addr)
	if err != nil {
		return nil, fmt.Errorf("%w on %s: %w", ErrAddress, options.Addr, err)
	}
	config.Host, config.Port = host, port
	return config, nil
}

// listenable finds out whether an address can be listened on, because the server itself would only log that it cannot.
func listenable(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return "", 0, fmt.Errorf("port %q is no number", text)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return "", 0, err
	}
	if err := listener.Close(); err != nil {
		return "", 0, err
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// URL returns where subscribers reach the server, empty when they cannot.
func (e *Embedded) URL() string {
	if addr, ok := e.server.Addr().(*net.TCPAddr); ok {
		return "nats://" + addr.String()
	}
	return ""
}

// Connect opens a Bus on the server, within the process and with all rights.
func (e *Embedded) Connect(options Options) (*Bus, error) {
	return open(options, nats.DefaultURL, e.access()...)
}

// access is that of the service.
func (e *Embedded) access() []nats.Option {
	return []nats.Option{nats.InProcessServer(e.server), nats.UserInfo(serviceUser, e.password.Reveal())}
}

// Close stops the server and waits until it has written everything. It may be called twice.
func (e *Embedded) Close() {
	e.gate.close()
	e.server.Shutdown()
	e.server.WaitForShutdown()
}
