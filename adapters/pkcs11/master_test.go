//go:build cgo

package pkcs11_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/pkcs11"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/internal/testserver/hsmtest"
	"github.com/menjin-id/menjin/ports"
	"github.com/menjin-id/menjin/ports/portstest"
)

func TestMaster(t *testing.T) {
	t.Parallel()
	portstest.MasterKey(t, func(t *testing.T) ports.MasterKey {
		token := hsmtest.New(t)
		return newMaster(t, token.URI, token.PIN)
	})
}

const plain = "planted data keys"

func newMaster(t *testing.T, uri, pin string) *pkcs11.Master {
	t.Helper()
	master, err := pkcs11.New(pkcs11.Options{URI: uri, PIN: domain.NewSecret(pin)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(master.Close)
	return master
}

func TestWhatOneTokenWrappedNoOtherUnwraps(t *testing.T) {
	t.Parallel()
	ours, theirs := hsmtest.New(t), hsmtest.New(t)
	wrapped, err := newMaster(t, ours.URI, ours.PIN).Wrap(t.Context(), domain.NewSecret(plain), []byte("keys 1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := newMaster(t, ours.URI, ours.PIN).Unwrap(t.Context(), wrapped, []byte("keys 1")); err != nil || got.Reveal() != plain {
		t.Errorf("unwrap by a new process: got %q, %v", got.Reveal(), err)
	}
	if _, err := newMaster(t, theirs.URI, theirs.PIN).Unwrap(t.Context(), wrapped, []byte("keys 1")); err == nil {
		t.Error("unwrap by another token: got no error")
	}
}

func TestSecretsOfTheSizeOfManyKeysAreWrapped(t *testing.T) {
	t.Parallel()
	token := hsmtest.New(t)
	master := newMaster(t, token.URI, token.PIN)
	large := strings.Repeat("k", 32<<10)
	wrapped, err := master.Wrap(t.Context(), domain.NewSecret(large), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := master.Unwrap(t.Context(), wrapped, nil); err != nil || got.Reveal() != large {
		t.Errorf("got %d bytes, %v", len(got.Reveal()), err)
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	t.Parallel()
	token := hsmtest.New(t)
	var crowd sync.WaitGroup
	for range 8 {
		master := newMaster(t, token.URI, token.PIN)
		for range 8 {
			crowd.Go(func() {
				wrapped, err := master.Wrap(t.Context(), domain.NewSecret(plain), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := master.Unwrap(t.Context(), wrapped, nil); err != nil || got.Reveal() != plain {
					t.Errorf("got %q, %v", got.Reveal(), err)
				}
			})
		}
	}
	crowd.Wait()
}

func TestFaultsNameWhatIsToBeMended(t *testing.T) {
	t.Parallel()
	token := hsmtest.New(t)
	for _, test := range []struct {
		name, uri, pin, want string
		unavailable          bool
	}{
		{"wrong PIN", token.URI, "11112222", "CKR_PIN_INCORRECT", false},
		{"no such token", strings.Replace(token.URI, "token="+token.Label, "token=nowhere", 1), token.PIN, `no token "nowhere"`, true},
		{"no such key", strings.Replace(token.URI, "object=master", "object=nothing", 1), token.PIN, "--keygen", false},
	} {
		master := newMaster(t, test.uri, test.pin)
		if _, err := master.Unwrap(t.Context(), make([]byte, 64), nil); errors.Is(err, ports.ErrNotWrapped) ||
			errors.Is(err, ports.ErrNotAdmitted) != (test.name == "wrong PIN") {
			t.Errorf("%s, unwrap: got %v", test.name, err)
		}
		_, err := master.Wrap(t.Context(), domain.NewSecret(plain), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, domain.ErrUnavailable) != test.unavailable ||
			strings.Contains(err.Error(), test.pin) {
			t.Errorf("%s: got %v, want %q, unavailable %v", test.name, err, test.want, test.unavailable)
		}
	}
	closed := newMaster(t, token.URI, token.PIN)
	closed.Close()
	if _, err := closed.Wrap(t.Context(), domain.NewSecret(plain), nil); err == nil {
		t.Error("closed: got no error")
	}
	if _, err := pkcs11.New(pkcs11.Options{URI: "pkcs11:token=a;object=b?module-path=/nowhere.so"}); err == nil {
		t.Error("no such module: got no error")
	}
}
