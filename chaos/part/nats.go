package part

import (
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// NATSSettings are those of a NATS server.
type NATSSettings struct {
	Port  int
	Store string
}

// NATSName is what a server on a port calls itself.
func NATSName(port int) string { return "chaos-" + strconv.Itoa(port) }

// serveNATS returns when the server was told to end, which it handles itself.
func serveNATS(settings NATSSettings) error {
	s, err := server.NewServer(&server.Options{
		ServerName: NATSName(settings.Port), Host: "127.0.0.1", Port: settings.Port,
		JetStream: true, StoreDir: settings.Store, LogFile: "nats.log",
	})
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		return errors.New("NATS takes no connections")
	}
	if err := begin(); err != nil {
		return err
	}
	s.WaitForShutdown()
	return nil
}
