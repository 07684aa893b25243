package sqlstore

import (
	"context"
	"strings"
	"syscall"
	"time"
)

const tcpUserTimeout = 18 // TCP_USER_TIMEOUT, which syscall does not name

// giveUpUnacknowledged breaks a connection that has swallowed for so long what was sent, or whose other end has read nothing of it,
// which the system itself tries for a quarter of an hour.
func giveUpUnacknowledged(after time.Duration) controlContext {
	return func(_ context.Context, network, _ string, conn syscall.RawConn) error {
		if !strings.HasPrefix(network, "tcp") {
			return nil
		}
		var refused error
		err := conn.Control(func(fd uintptr) {
			refused = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(after.Milliseconds()))
		})
		if err != nil {
			return err
		}
		return refused
	}
}
