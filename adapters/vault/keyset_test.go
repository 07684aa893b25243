package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	"github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
)

// written is the documented shape.
type written struct {
	Version   int             `json:"version"`
	FieldKeys json.RawMessage `json:"field_keys"`
	IndexKeys json.RawMessage `json:"index_keys"`
}

func generated(t *testing.T) written {
	t.Helper()
	secret, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	var w written
	if err := json.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w written) secret(t *testing.T) domain.Secret {
	t.Helper()
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return domain.NewSecret(string(text))
}

func keysetOf(t *testing.T, template *tink_go_proto.KeyTemplate) json.RawMessage {
	t.Helper()
	handle, err := keyset.NewHandle(template)
	if err != nil {
		t.Fatal(err)
	}
	return text(t, handle)
}

func text(t *testing.T, handle *keyset.Handle) json.RawMessage {
	t.Helper()
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestKeysAreReadAsJSONAndAsBase64(t *testing.T) {
	t.Parallel()
	w := generated(t)
	plain := w.secret(t)
	encoded := domain.NewSecret("\n" + base64.StdEncoding.EncodeToString([]byte(plain.Reveal())) + "\n")
	sealed := seal(t, parse(t, plain), openID)
	if got, err := parse(t, encoded).Open(field, sealed); err != nil || got.Reveal() != openID {
		t.Errorf("open with the same keys in base64: got %q, %v", got.Reveal(), err)
	}
}

func TestFieldsSealedBeforeARotationStillOpen(t *testing.T) {
	t.Parallel()
	w := generated(t)
	before := seal(t, parse(t, w.secret(t)), openID)

	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(w.FieldKeys)))
	if err != nil {
		t.Fatal(err)
	}
	manager := keyset.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	if handle, err = manager.Handle(); err != nil {
		t.Fatal(err)
	}
	w.FieldKeys = text(t, handle)
	rotated := parse(t, w.secret(t))

	if got, err := rotated.Open(field, before); err != nil || got.Reveal() != openID {
		t.Errorf("open after rotation: got %q, %v", got.Reveal(), err)
	}
	after := seal(t, rotated, openID)
	if bytes.Equal(before[:5], after[:5]) {
		t.Error("a field sealed after the rotation names the old key")
	}
}

func TestUnusableKeysAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	good := generated(t)
	with := func(change func(*written)) string {
		w := good
		change(&w)
		return w.secret(t).Reveal()
	}
	whole := good.secret(t).Reveal()
	for name, given := range map[string]string{
		"nothing":               "",
		"no base64":             "*" + openID,
		"base64 of no JSON":     base64.StdEncoding.EncodeToString([]byte(whole[1:])),
		"cut JSON":              whole[:len(whole)/2],
		"another version":       with(func(w *written) { w.Version = 2 }),
		"no index keys":         with(func(w *written) { w.IndexKeys = nil }),
		"empty keyset":          with(func(w *written) { w.FieldKeys = json.RawMessage(`{}`) }),
		"swapped keysets":       with(func(w *written) { w.FieldKeys, w.IndexKeys = w.IndexKeys, w.FieldKeys }),
		"short field keys":      with(func(w *written) { w.FieldKeys = keysetOf(t, aead.AES128GCMKeyTemplate()) }),
		"prefixless field keys": with(func(w *written) { w.FieldKeys = keysetOf(t, aead.AES256GCMNoPrefixKeyTemplate()) }),
		"index keys for a MAC":  with(func(w *written) { w.IndexKeys = keysetOf(t, mac.HMACSHA256Tag256KeyTemplate()) }),
		"damaged key": with(func(w *written) {
			w.FieldKeys = bytes.Replace(w.FieldKeys, []byte(`"value": "`), []byte(`"value": "`+openID), 1)
		}),
	} {
		v, err := vault.Parse(domain.NewSecret(given))
		if err == nil {
			t.Errorf("%s: accepted as %v", name, v)
			continue
		}
		if strings.Contains(err.Error(), openID) || len(err.Error()) > 200 {
			t.Errorf("%s: the error says too much: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add("{}")
	f.Add("e30=")
	f.Add(`{"version":1,"field_keys":{"primaryKeyId":1,"key":[{}]},"index_keys":{"key":null}}`)
	f.Add(`{"version":1,"field_keys":null,"index_keys":[]}`)
	f.Fuzz(func(t *testing.T, given string) {
		if v, err := vault.Parse(domain.NewSecret(given)); (v == nil) == (err == nil) {
			t.Errorf("parse: got %v, %v", v, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	v := newVault(f)
	sealed := seal(f, v, openID)
	f.Add([]byte(nil))
	f.Add([]byte{1})
	f.Add(make([]byte, 33))
	f.Add(sealed[:5])
	f.Add(sealed[:len(sealed)-1])
	f.Add(append([]byte{0}, sealed...))
	f.Fuzz(func(t *testing.T, hostile []byte) {
		if got, err := v.Open(field, hostile); err == nil && !bytes.Equal(hostile, sealed) {
			t.Errorf("a forged field opened to %q", got.Reveal())
		}
	})
}
