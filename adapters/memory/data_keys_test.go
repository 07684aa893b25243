package memory_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestDataKeys(t *testing.T) {
	t.Parallel()
	portstest.DataKeyStore(t, func(*testing.T) ports.DataKeyStore { return memory.NewDataKeys() })
}
