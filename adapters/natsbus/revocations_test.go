package natsbus_test

import (
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/natsbus"
)

func TestMalformedRevocationIsDropped(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	bus := within(t, server, natsbus.Options{})
	good := newEnding()
	user, at := `{"user_id":"`+good.UserID.String()+`"`, `"ended_at":"2026-11-22T00:00:00Z"}`
	for _, data := range []string{
		``, `[]`, `{"user_id":"x"}`, user + `,"session_id":null}`, user + `,"session_id":"",` + at,
		user + `,"session_id":"00000000-0000-0000-0000-000000000000",` + at, strings.Repeat("[", 100_000),
	} {
		bad := endingMessage(t, newEnding())
		bad.Data = []byte(data)
		publish(t, bus, bad)
	}
	later := endingMessage(t, newEnding())
	later.Type = "menjin.user.session_ended.v2"
	publish(t, bus, later, endingMessage(t, good))
	endings := follow(t, bus)
	wantEnding(t, endings, good)
	_, js := client(t, server.URL())
	eventually(t, "all to be answered", func() bool {
		consumer, err := js.Consumer(limited(t), natsbus.StreamName, "menjin_revocations")
		return err == nil && consumer.CachedInfo().NumAckPending == 0 && consumer.CachedInfo().NumPending == 0
	})
	select {
	case got := <-endings:
		t.Errorf("got ending %+v from a malformed message", got)
	default:
	}
}
