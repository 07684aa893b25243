package cloudevent_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/cloudevent"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestEventCodec(t *testing.T) {
	t.Parallel()
	portstest.EventCodec(t, func(*testing.T) ports.EventCodec { return cloudevent.New() })
}
