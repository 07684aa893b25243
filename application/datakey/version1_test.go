package datakey_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// version1 is what the configuration held before there were envelopes: the data keys themselves.
func version1(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"version":    1,
		"field_keys": keysetOf(t, aead.AES256GCMKeyTemplate()), "index_keys": keysetOf(t, prf.HMACSHA256PRFKeyTemplate()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func keysetOf(t *testing.T, template *tink_go_proto.KeyTemplate) json.RawMessage {
	t.Helper()
	handle, err := keyset.NewHandle(template)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
