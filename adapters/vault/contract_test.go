package vault_test

import (
	"testing"

	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestCipher(t *testing.T) {
	t.Parallel()
	portstest.Cipher(t, func(t *testing.T) ports.Cipher { return newVault(t) })
}
