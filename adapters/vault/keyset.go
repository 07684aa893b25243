package vault

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hmacprf"
)

// errMalformed quotes nothing: a keyset with one wrong character is still nearly all secret, and Tink's and JSON's own
// errors quote their input.
var errMalformed = errors.New(`not a vault keyset: want {"version": 2, "master_keys": …}`)

func newFieldKeys() (*keyset.Handle, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("generate field keys: %w", err)
	}
	return handle, nil
}

func newIndexKeys() (*keyset.Handle, error) {
	handle, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("generate index keys: %w", err)
	}
	return handle, nil
}

// readKeyset is for texts that lie in a secret store or were unwrapped by a master key.
func readKeyset(text []byte, check func(*keyset.Entry) error) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errMalformed
	}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, errMalformed
		}
		if err := check(entry); err != nil {
			return nil, err
		}
	}
	return handle, nil
}

func writeKeyset(handle *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("write keyset: %w", err)
	}
	return text.Bytes(), nil
}

// checkFieldKey also refuses keys without a prefix: a ciphertext that does not name its key cannot be re-encrypted by it.
func checkFieldKey(entry *keyset.Entry) error {
	p, ok := entry.Key().Parameters().(*aesgcm.Parameters)
	if !ok || p.KeySizeInBytes() != 32 || p.Variant() != aesgcm.VariantTink {
		return errors.New("master and field keys must be AES-256-GCM keys with Tink's output prefix")
	}
	return nil
}

func checkIndexKey(entry *keyset.Entry) error {
	p, ok := entry.Key().Parameters().(*hmacprf.Parameters)
	if !ok || p.KeySizeInBytes() < 32 || p.HashType() != hmacprf.SHA256 {
		return errors.New("index_keys must be HMAC-SHA-256 PRF keys of at least 32 bytes")
	}
	return nil
}
