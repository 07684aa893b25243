package natsbus_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/natsbus"
)

func TestOwnHintsDoNotComeBack(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	one, other := within(t, server, natsbus.Options{}), within(t, server, natsbus.Options{})
	eventually(t, "the hint", func() bool {
		one.Hint()
		select {
		case <-other.Hints():
			return true
		default:
			return false
		}
	})
	if err := one.Ping(limited(t)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-one.Hints():
		t.Error("a hint came back to its sender")
	default:
	}
}
