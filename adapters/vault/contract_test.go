package vault_test

import (
	"testing"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestCipher(t *testing.T) {
	t.Parallel()
	portstest.Cipher(t, func(t *testing.T) ports.Cipher { return newVault(t) })
}

func TestLocalMaster(t *testing.T) {
	t.Parallel()
	portstest.MasterKey(t, func(t *testing.T) ports.MasterKey { return newMaster(t) })
}

func TestLocalMasterOfVersion1(t *testing.T) {
	t.Parallel()
	portstest.MasterKey(t, func(t *testing.T) ports.MasterKey { return master(t, generatedVersion1(t).secret(t)) })
}

func newMaster(tb testing.TB) *vault.LocalMaster {
	tb.Helper()
	secret, err := vault.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return master(tb, secret)
}
