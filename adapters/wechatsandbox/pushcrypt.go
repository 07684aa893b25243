package wechatsandbox

import (
	"crypto/aes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
)

const (
	aesKeyLength = 43
	// pushBlock is the block size of the padding, which is not that of the cipher.
	pushBlock = 32
)

// signPush signs a query with its token, and with the encrypted part where there is one.
func signPush(parts ...string) string {
	slices.Sort(parts)
	return sha1Hex(parts...)
}

// decodeAESKey takes keys whose last character carries bits that do not count: WeChat's console makes such.
func decodeAESKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text + "=")
	if err != nil || len(text) != aesKeyLength {
		return nil, errors.New("aes_key must be the 43 letters and digits of an EncodingAESKey")
	}
	return key, nil
}

// encryptPush seals a message for the app that is to receive it; random are 16 bytes.
func encryptPush(key, random []byte, message, receiver string) string {
	plain := slices.Clone(random)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(message)))
	plain = append(plain, message...)
	plain = append(plain, receiver...)
	sealed := encryptCBC(key, key[:aes.BlockSize], pad(plain, pushBlock))
	return base64.StdEncoding.EncodeToString(sealed)
}
