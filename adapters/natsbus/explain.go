package natsbus

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

var errNotConnected = errors.New("there is no connection to NATS")

// explain finds out why there is no connection, by trying once more. NATS' client keeps that to itself, and says to whoever asks
// something meanwhile that a buffer is full.
func (b *Bus) explain(err error) error {
	if !errors.Is(err, nats.ErrReconnectBufExceeded) {
		return err
	}
	conn, cause := b.dial(nats.NoReconnect())
	if cause != nil {
		return fmt.Errorf("%w: %w", errNotConnected, cause)
	}
	conn.Close()
	return errNotConnected
}
