package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/menjin-id/menjin/domain"
)

// Generate makes a new master key, in base64 on one line, for an operator to keep in the configuration.
func Generate() (domain.Secret, error) {
	keys, err := newFieldKeys()
	if err != nil {
		return domain.Secret{}, err
	}
	return writeMaster(keys)
}

// GenerateAfter makes a new master key that also unwraps what the one before wrapped, and nothing older.
func GenerateAfter(before domain.Secret) (domain.Secret, error) {
	written, err := readMaster(before)
	if err != nil {
		return domain.Secret{}, err
	}
	text := written.MasterKeys
	if written.Version == 1 {
		text = written.FieldKeys
	}
	keys, err := readKeyset(text, checkFieldKey)
	if err != nil {
		return domain.Secret{}, err
	}
	last, err := keys.Primary()
	if err != nil {
		return domain.Secret{}, errMalformed
	}
	manager := keyset.NewManagerFromHandle(keys)
	next, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return domain.Secret{}, fmt.Errorf("generate master key: %w", err)
	}
	if err := manager.SetPrimary(next); err != nil {
		return domain.Secret{}, fmt.Errorf("generate master key: %w", err)
	}
	for _, id := range keyIDs(keys) {
		if id == last.KeyID() {
			continue // older ones wrap nothing any more
		}
		if err := manager.Delete(id); err != nil {
			return domain.Secret{}, fmt.Errorf("generate master key: %w", err)
		}
	}
	if keys, err = manager.Handle(); err != nil {
		return domain.Secret{}, fmt.Errorf("generate master key: %w", err)
	}
	return writeMaster(keys)
}

func writeMaster(keys *keyset.Handle) (domain.Secret, error) {
	text, err := writeKeyset(keys)
	if err != nil {
		return domain.Secret{}, err
	}
	document, err := json.Marshal(masterDocument{Version: 2, MasterKeys: text})
	if err != nil {
		return domain.Secret{}, fmt.Errorf("write master key: %w", err)
	}
	return domain.NewSecret(base64.StdEncoding.EncodeToString(document)), nil
}

// readMaster reads either version, in JSON or in base64 of it.
func readMaster(secret domain.Secret) (masterDocument, error) {
	text := []byte(strings.TrimSpace(secret.Reveal()))
	if !bytes.HasPrefix(text, []byte("{")) {
		decoded, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return masterDocument{}, errMalformed
		}
		text = decoded
	}
	var written masterDocument
	if err := json.Unmarshal(text, &written); err != nil || written.Version < 1 || written.Version > 2 {
		return masterDocument{}, errMalformed
	}
	return written, nil
}
