//go:build !linux

package sqlstore

import "time"

// giveUpUnacknowledged leaves it to the system when to break a connection.
func giveUpUnacknowledged(time.Duration) controlContext { return nil }
