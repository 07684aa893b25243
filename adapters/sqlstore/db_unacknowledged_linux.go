package sqlstore

import (
	"context"
	"strings"
	"syscall"
	"time"
)

const (
	tcpUserTimeout = 18 // TCP_USER_TIMEOUT, which syscall does not name
	unacknowledged = 5 * time.Second
)

// giveUpUnacknowledged breaks a connection that has swallowed for a while what was sent, which the system itself tries for a
// quarter of an hour.
func giveUpUnacknowledged(_ context.Context, network, _ string, conn syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var refused error
	err := conn.Control(func(fd uintptr) {
		refused = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unacknowledged.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return refused
}
