package natsbus_test

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestStreamReader(t *testing.T) {
	t.Parallel()
	for where, open := range reached {
		for _, as := range []string{"the service", "a subscriber"} {
			t.Run(where+"/as "+as, func(t *testing.T) {
				t.Parallel()
				portstest.StreamReader(t, func(t *testing.T) portstest.StreamReaderParts {
					bus, url := open(t)
					ensure(t, bus)
					reader := bus
					if as == "a subscriber" {
						reader = connect(t, url, natsbus.Options{})
					}
					return portstest.StreamReaderParts{
						EventStreamParts: portstest.EventStreamParts{Stream: bus}, Reader: reader, Replayer: bus,
					}
				})
			})
		}
	}
}

func TestScanOfAStreamThereIsNotFails(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	wantUnavailable(t, bus.Scan(limited(t), time.Time{}, func(ports.StoredEvent) error { return nil }))
}

func TestScanGivesUpWhenNATSIsSilent(t *testing.T) {
	t.Parallel()
	bus := connect(t, silentServer(t), natsbus.Options{AckTimeout: 50 * time.Millisecond})
	wantUnavailable(t, bus.Scan(limited(t), time.Time{}, func(ports.StoredEvent) error { return nil }))
}
