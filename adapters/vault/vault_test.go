package vault_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const openID = "oPlantedOpenID-6NcQ2ZmH0"

var field = ports.Field{Table: "identities", Column: "openid", Row: domain.ID{1}}

func newVault(tb testing.TB) *vault.Vault {
	tb.Helper()
	secret, err := vault.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return parse(tb, secret)
}

func parse(tb testing.TB, secret domain.Secret) *vault.Vault {
	tb.Helper()
	v, err := vault.Parse(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func seal(tb testing.TB, v *vault.Vault, text string) []byte {
	tb.Helper()
	sealed, err := v.Seal(field, domain.NewSecret(text))
	if err != nil {
		tb.Fatal(err)
	}
	return sealed
}

func TestSealedFieldOpensToTheSameText(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	for _, text := range []string{"", openID, "张三", strings.Repeat("x", 1<<16), "\x00\xff"} {
		got, err := v.Open(field, seal(t, v, text))
		if err != nil || got.Reveal() != text {
			t.Errorf("open: got %.40q, %v, want %.40q", got.Reveal(), err, text)
		}
	}
}

func TestSealedFieldHidesTheTextAndNeverRepeats(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	first, second := seal(t, v, openID), seal(t, v, openID)
	if bytes.Contains(first, []byte(openID)) {
		t.Error("the sealed field holds the text")
	}
	if bytes.Equal(first, second) {
		t.Error("sealing twice gave the same bytes")
	}
}

func TestSealedFieldOpensInItsOwnPlaceOnly(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	sealed := seal(t, v, openID)
	for name, elsewhere := range map[string]ports.Field{
		"row":            {Table: "identities", Column: "openid", Row: domain.ID{2}},
		"column":         {Table: "identities", Column: "unionid", Row: domain.ID{1}},
		"table":          {Table: "users", Column: "openid", Row: domain.ID{1}},
		"shifted border": {Table: "identitieso", Column: "penid", Row: domain.ID{1}},
	} {
		if got, err := v.Open(elsewhere, sealed); err == nil {
			t.Errorf("another %s: opened to %q", name, got.Reveal())
		}
	}
}

func TestEveryDamageIsRefusedAlike(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	sealed := seal(t, v, openID)
	_, want := v.Open(field, nil)
	if want == nil {
		t.Fatal("an empty field opened")
	}
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		if _, err := v.Open(field, damaged); err == nil || err.Error() != want.Error() {
			t.Errorf("byte %d changed: got %v, want %v", i, err, want)
		}
		if _, err := v.Open(field, sealed[:i]); err == nil || err.Error() != want.Error() {
			t.Errorf("cut to %d bytes: got %v, want %v", i, err, want)
		}
	}
	if _, err := newVault(t).Open(field, sealed); err == nil || err.Error() != want.Error() {
		t.Errorf("another vault: got %v, want %v", err, want)
	}
}

func TestIndexFindsEqualValuesOfOneColumn(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	index := func(v *vault.Vault, table, column, text string) string {
		digest, err := v.Index(table, column, domain.NewSecret(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(digest) != 32 {
			t.Fatalf("digest: got %d bytes, want 32", len(digest))
		}
		return string(digest)
	}
	want := index(v, "identities", "openid", openID)
	if index(v, "identities", "openid", openID) != want {
		t.Error("the same value got another digest")
	}
	for name, other := range map[string]string{
		"value":          index(v, "identities", "openid", openID+"x"),
		"column":         index(v, "identities", "unionid", openID),
		"table":          index(v, "users", "openid", openID),
		"shifted border": index(v, "identities", "openido", openID[1:]),
		"key":            index(newVault(t), "identities", "openid", openID),
	} {
		if other == want {
			t.Errorf("another %s got the same digest", name)
		}
	}
}

func TestVaultDoesNotPrintItsKeys(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	holder := struct{ cipher ports.Cipher }{v}
	first := fmt.Sprintf("%v %+v %#v", v, v, v) + fmt.Sprintf("%v %+v %#v", holder, holder, holder)
	if len(first) > 600 { // addresses only
		t.Errorf("printing a vault shows %d bytes of it", len(first))
	}
}

func BenchmarkSeal(b *testing.B) {
	v, plain := newVault(b), domain.NewSecret(openID)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Seal(field, plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	v, plain := newVault(b), domain.NewSecret(openID)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Index(field.Table, field.Column, plain); err != nil {
			b.Fatal(err)
		}
	}
}
