//go:build !linux

package sqlstore

import (
	"context"
	"syscall"
)

// giveUpUnacknowledged leaves it to the system when to break a connection.
func giveUpUnacknowledged(context.Context, string, string, syscall.RawConn) error { return nil }
