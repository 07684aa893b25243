package sqlstore

import (
	"testing"

	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestDataKeys(t *testing.T) {
	t.Parallel()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			portstest.DataKeyStore(t, func(t *testing.T) ports.DataKeyStore {
				return NewDataKeys(openDB(t, Options{URL: backend.url(t)}))
			})
		})
	}
}
