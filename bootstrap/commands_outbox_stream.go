package bootstrap

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/bootstrap/config"
	"github.com/menjin-id/menjin/domain"
)

// quiet is for a connection that lives for one question: what goes wrong with it, the answer says.
var quiet = slog.New(slog.DiscardHandler)

// openStream reaches the stream without disturbing a service that runs.
func (o *Operator) openStream() (*natsbus.Bus, func(), error) {
	if !o.cfg.EmbeddedEvents() {
		bus, err := natsbus.Connect(o.cfg.Events.URL, natsbus.Options{Log: quiet})
		if err != nil {
			return nil, nil, fmt.Errorf("events.url: %w", err)
		}
		return bus, bus.Close, nil
	}
	folder, letGo, err := holdDataFolder(o.cfg)
	if _, held := errors.AsType[folderInUse](err); held { // a service runs on it
		return subscribeEmbedded(o.cfg)
	}
	if err != nil {
		return nil, nil, err
	}
	bus, closeBus, err := openEmbedded(folder)
	if err != nil {
		letGo()
		return nil, nil, err
	}
	return bus, func() { closeBus(); letGo() }, nil
}

func subscribeEmbedded(cfg *config.Config) (*natsbus.Bus, func(), error) {
	_, port, err := net.SplitHostPort(cfg.Events.EmbeddedAddr)
	if err != nil || port == "0" {
		return nil, nil, config.Fault{
			Key: "events.embedded_addr", Reason: "the service runs, and names no fixed address at which its stream could be read; stop it, or set one",
		}
	}
	addr := cfg.Events.EmbeddedAddr
	if addr[0] == ':' {
		addr = "0.0.0.0" + addr
	}
	bus, err := natsbus.Connect(domain.NewSecret("nats://"+reachable(addr)), natsbus.Options{Log: quiet})
	if err != nil {
		return nil, nil, fmt.Errorf("events.embedded_addr: %w", err)
	}
	return bus, bus.Close, nil
}

// openEmbedded starts the embedded server for nobody else.
func openEmbedded(folder dataFolder) (*natsbus.Bus, func(), error) {
	server, err := natsbus.StartEmbedded(filepath.Join(string(folder), "nats"), natsbus.EmbeddedOptions{Log: quiet})
	if err != nil {
		return nil, nil, err
	}
	bus, err := server.Connect(natsbus.Options{Log: quiet})
	if err != nil {
		server.Close()
		return nil, nil, fmt.Errorf("connect to embedded events: %w", err)
	}
	return bus, func() { bus.Close(); server.Close() }, nil
}
