package natsbus_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/natsbus"
	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

func TestEventsAreCountedOnceHoweverOftenTheyAreSent(t *testing.T) {
	t.Parallel()
	bus := within(t, embedded(t), natsbus.Options{})
	events := registrations(t, 3)
	publish(t, bus, events...)
	publish(t, bus, events...)
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"menjin_events_published_total", []string{"type", "menjin.user.registered.v1"}, 3},
		{"menjin_events_duplicate_total", nil, 3},
		{"menjin_nats_connected", nil, 1},
		{"menjin_nats_connects_total", nil, 1},
		{"menjin_nats_disconnects_total", nil, 0},
	} {
		if got := promtest.Value(t, bus.Metrics(), want.name, want.labels...); got != want.value {
			t.Errorf("%s: got %v, want %v", want.name, got, want.value)
		}
	}
	bus.Close()
	if got := promtest.Value(t, bus.Metrics(), "menjin_nats_connected"); got != 0 {
		t.Errorf("menjin_nats_connected of a closed bus: got %v, want 0", got)
	}
}
