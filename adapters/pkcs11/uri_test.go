package pkcs11

import (
	"strings"
	"testing"
)

func TestURIsOfKeysAreRead(t *testing.T) {
	t.Parallel()
	got, err := parseURI("pkcs11:token=our%20token;object=master;type=secret-key?module-path=/usr/lib/m.so")
	if want := (location{"/usr/lib/m.so", "our token", "master"}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, want := got.name(), "pkcs11:token=our token;object=master"; got != want {
		t.Errorf("name: got %q, want %q", got, want)
	}
}

func TestOtherURIsAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "pkcs11:", "http://planted", "pkcs11:token=a;object=b", "pkcs11:token=a?module-path=/m.so",
		"pkcs11:object=b?module-path=/m.so", "pkcs11:token=a;object=b?module-path=m.so", "pkcs11:token=a;token=b;object=c?module-path=/m.so",
		"pkcs11:token=%zz;object=b?module-path=/m.so", "pkcs11:token;object=b?module-path=/m.so",
		"pkcs11:token=a;object=b;id=%01?module-path=/m.so", "pkcs11:token=a;object=b?module-path=/m.so&pin-value=planted",
		"pkcs11:token=a;object=b?module-path=/m.so&pin-source=planted", "pkcs11:token=a;object=b?module-path=/m.so&x=planted",
	} {
		if _, err := parseURI(text); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("parseURI(%q): got %v, want a refusal that does not quote it", text, err)
		}
	}
}
