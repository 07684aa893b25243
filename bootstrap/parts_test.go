package bootstrap_test

import (
	"testing"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
	"github.com/menjin-id/menjin/internal/testserver/pgtest"
	"github.com/menjin-id/menjin/internal/testserver/redistest"
)

// patientRedis are parameters for a program that is not asked how soon it gives Redis up: on a busy machine no answer is no outage.
const patientRedis = "?dial_timeout=30s&read_timeout=30s&write_timeout=30s"

// onServers are settings for a program on an empty PostgreSQL, Redis and NATS.
func onServers(t *testing.T) settings {
	t.Helper()
	return local(t).with(settings{
		"database.url": pgtest.New(t, nil), "sessions.url": redistest.URL(t) + patientRedis, "events.url": natstest.URL(t),
	})
}

// onEverySet runs a test on the embedded parts and on the servers.
func onEverySet(t *testing.T, test func(t *testing.T, s settings)) {
	t.Helper()
	for name, parts := range map[string]func(*testing.T) settings{
		"embedded": func(t *testing.T) settings { return local(t) },
		"servers":  onServers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, parts(t))
		})
	}
}
