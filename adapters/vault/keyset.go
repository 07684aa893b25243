package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hmacprf"

	"github.com/menjin-id/menjin/domain"
)

const documentVersion = 1

// errMalformed quotes nothing: a keyset with one wrong character is still nearly all secret, and Tink's and JSON's own
// errors quote their input.
var errMalformed = errors.New(`not a vault keyset: want {"version": 1, "field_keys": …, "index_keys": …}`)

// keysets are the keys of one vault.
type keysets struct {
	fields *keyset.Handle
	index  *keyset.Handle
}

// document is how keysets are written down.
type document struct {
	Version   int             `json:"version"`
	FieldKeys json.RawMessage `json:"field_keys"`
	IndexKeys json.RawMessage `json:"index_keys"`
}

// Generate makes new keys, in base64 on one line, for an operator to keep in the configuration.
func Generate() (domain.Secret, error) {
	text, err := generate()
	if err != nil {
		return domain.Secret{}, err
	}
	return domain.NewSecret(base64.StdEncoding.EncodeToString(text)), nil
}

// Parse reads keys that an operator gave: the JSON text, or base64 of it. The error does not quote it.
func Parse(secret domain.Secret) (*Vault, error) {
	text := []byte(strings.TrimSpace(secret.Reveal()))
	if !bytes.HasPrefix(text, []byte("{")) {
		decoded, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return nil, errMalformed
		}
		text = decoded
	}
	return parse(text)
}

func parse(text []byte) (*Vault, error) {
	var written document
	if err := json.Unmarshal(text, &written); err != nil || written.Version != documentVersion {
		return nil, errMalformed
	}
	fields, err := readKeyset(written.FieldKeys)
	if err != nil {
		return nil, err
	}
	index, err := readKeyset(written.IndexKeys)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(each(fields, checkFieldKey), each(index, checkIndexKey)); err != nil {
		return nil, err
	}
	return newVault(keysets{fields: fields, index: index})
}

func generate() ([]byte, error) {
	fields, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("generate field keys: %w", err)
	}
	index, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("generate index keys: %w", err)
	}
	written := document{Version: documentVersion}
	if written.FieldKeys, err = writeKeyset(fields); err != nil {
		return nil, err
	}
	if written.IndexKeys, err = writeKeyset(index); err != nil {
		return nil, err
	}
	return json.MarshalIndent(written, "", "  ")
}

// readKeyset and writeKeyset are where a master key, say one in a KMS, would wrap the keyset.
func readKeyset(text []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errMalformed
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

func each(handle *keyset.Handle, check func(*keyset.Entry) error) error {
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return errMalformed
		}
		if err := check(entry); err != nil {
			return err
		}
	}
	return nil
}

// checkFieldKey also refuses keys without a prefix: a ciphertext that does not name its key cannot be re-encrypted by it.
func checkFieldKey(entry *keyset.Entry) error {
	p, ok := entry.Key().Parameters().(*aesgcm.Parameters)
	if !ok || p.KeySizeInBytes() != 32 || p.Variant() != aesgcm.VariantTink {
		return errors.New("field_keys must be AES-256-GCM keys with Tink's output prefix")
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
