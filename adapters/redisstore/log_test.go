package redisstore_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/menjin-id/menjin/adapters/redisstore"
)

func TestMain(m *testing.M) {
	redisstore.LogTo(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
