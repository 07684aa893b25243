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
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
)

// written is the documented shape of either version.
type written struct {
	Version    int             `json:"version"`
	MasterKeys json.RawMessage `json:"master_keys,omitempty"`
	FieldKeys  json.RawMessage `json:"field_keys,omitempty"`
	IndexKeys  json.RawMessage `json:"index_keys,omitempty"`
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

func generatedVersion1(t *testing.T) written {
	t.Helper()
	return written{
		Version: 1, FieldKeys: keysetOf(t, aead.AES256GCMKeyTemplate()), IndexKeys: keysetOf(t, prf.HMACSHA256PRFKeyTemplate()),
	}
}

func master(tb testing.TB, secret domain.Secret) *vault.LocalMaster {
	tb.Helper()
	m, err := vault.NewLocalMaster(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return m
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
	w := generatedVersion1(t)
	plain := w.secret(t)
	encoded := domain.NewSecret("\n" + base64.StdEncoding.EncodeToString([]byte(plain.Reveal())) + "\n")
	sealed := seal(t, parse(t, plain), openID)
	if got, err := parse(t, encoded).Open(field, sealed); err != nil || got.Reveal() != openID {
		t.Errorf("open with the same keys in base64: got %q, %v", got.Reveal(), err)
	}
}

// rotated adds a key to a keyset, which becomes its primary.
func rotated(t *testing.T, keys json.RawMessage) json.RawMessage {
	t.Helper()
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(keys)))
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
	return text(t, handle)
}

func TestFieldsSealedBeforeARotationOfVersion1StillOpen(t *testing.T) {
	t.Parallel()
	w := generatedVersion1(t)
	before := seal(t, parse(t, w.secret(t)), openID)
	w.FieldKeys = rotated(t, w.FieldKeys)
	after := parse(t, w.secret(t))
	if got, err := after.Open(field, before); err != nil || got.Reveal() != openID {
		t.Errorf("open after rotation: got %q, %v", got.Reveal(), err)
	}
	if bytes.Equal(before[:5], seal(t, after, openID)[:5]) {
		t.Error("a field sealed after the rotation names the old key")
	}
}

func TestNewMasterKeyUnwrapsWhatTheOneBeforeItWrapped(t *testing.T) {
	t.Parallel()
	ctx, bound := t.Context(), []byte("1")
	for name, first := range map[string]domain.Secret{
		"version 1": generatedVersion1(t).secret(t), "version 2": generated(t).secret(t),
	} {
		wrapped, err := master(t, first).Wrap(ctx, domain.NewSecret(openID), bound)
		if err != nil {
			t.Fatal(err)
		}
		second, err := vault.GenerateAfter(first)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := master(t, second).Unwrap(ctx, wrapped, bound); err != nil || got.Reveal() != openID {
			t.Errorf("%s: unwrap: got %q, %v", name, got.Reveal(), err)
		}
		anew, err := master(t, second).Wrap(ctx, domain.NewSecret(openID), bound)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := master(t, first).Unwrap(ctx, anew, bound); err == nil {
			t.Errorf("%s: the key before unwraps what the new one wrapped", name)
		}
		third, err := vault.GenerateAfter(second)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := master(t, third).Unwrap(ctx, wrapped, bound); err == nil {
			t.Errorf("%s: the key before the last one is still there", name)
		}
	}
}

func TestUnusableKeysAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	with := func(w written, change func(*written)) string {
		change(&w)
		return w.secret(t).Reveal()
	}
	one, two := generatedVersion1(t), generated(t)
	whole := two.secret(t).Reveal()
	for name, given := range map[string]string{
		"nothing":               "",
		"no base64":             "*" + openID,
		"base64 of no JSON":     base64.StdEncoding.EncodeToString([]byte(whole[1:])),
		"cut JSON":              whole[:len(whole)/2],
		"another version":       with(two, func(w *written) { w.Version = 3 }),
		"version 1 as 2":        with(one, func(w *written) { w.Version = 2 }),
		"version 2 as 1":        with(two, func(w *written) { w.Version = 1 }),
		"no master keys":        with(two, func(w *written) { w.MasterKeys = nil }),
		"empty keyset":          with(two, func(w *written) { w.MasterKeys = json.RawMessage(`{}`) }),
		"short master keys":     with(two, func(w *written) { w.MasterKeys = keysetOf(t, aead.AES128GCMKeyTemplate()) }),
		"no index keys":         with(one, func(w *written) { w.IndexKeys = nil }),
		"swapped keysets":       with(one, func(w *written) { w.FieldKeys, w.IndexKeys = w.IndexKeys, w.FieldKeys }),
		"short field keys":      with(one, func(w *written) { w.FieldKeys = keysetOf(t, aead.AES128GCMKeyTemplate()) }),
		"prefixless field keys": with(one, func(w *written) { w.FieldKeys = keysetOf(t, aead.AES256GCMNoPrefixKeyTemplate()) }),
		"index keys for a MAC":  with(one, func(w *written) { w.IndexKeys = keysetOf(t, mac.HMACSHA256Tag256KeyTemplate()) }),
		"damaged key": with(two, func(w *written) {
			w.MasterKeys = bytes.Replace(w.MasterKeys, []byte(`"value":"`), []byte(`"value":"`+openID), 1)
		}),
	} {
		m, err := vault.NewLocalMaster(domain.NewSecret(given))
		if err == nil {
			t.Errorf("%s: accepted as %v", name, m)
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
	f.Add(`{"version":2,"master_keys":{"primaryKeyId":1,"key":[{}]}}`)
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
