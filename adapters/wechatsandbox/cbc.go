package wechatsandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat's choice
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// seal encrypts and signs, and spoils what the fault wants spoiled.
func (o DataOrder) seal(sessionKey string, plain, raw []byte) EncryptedData {
	key, err := base64.StdEncoding.DecodeString(sessionKey)
	if err != nil {
		panic(fmt.Sprintf("decode session_key: %v", err)) // the sandbox made it
	}
	iv := make([]byte, aes.BlockSize)
	_, _ = rand.Read(iv)
	padded := pad(plain, aes.BlockSize)
	if o.Fault == DataBrokenPadding {
		padded[len(padded)-1] = aes.BlockSize + 1
	}
	sealed := encryptCBC(key, iv, padded)
	switch o.Fault {
	case DataTruncated:
		sealed = sealed[:len(sealed)-1]
	case DataShortIV:
		iv = iv[:len(iv)-1]
	}
	result := EncryptedData{EncryptedData: base64.StdEncoding.EncodeToString(sealed), IV: base64.StdEncoding.EncodeToString(iv)}
	if raw != nil {
		result.RawData, result.Signature = string(raw), signRaw(string(raw), sessionKey)
	}
	if o.Fault == DataWrongSignature {
		result.Signature = strings.Repeat("0", len(result.Signature))
	}
	return result
}

// signRaw is the signature of raw data; the session_key goes in as text.
func signRaw(raw, sessionKey string) string { return sha1Hex(raw, sessionKey) }

// sha1Hex is the digest that WeChat prescribes where it dates from its early days.
func sha1Hex(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat's choice
	return hex.EncodeToString(sum[:])
}

// pad is PKCS#7, always of at least one byte.
func pad(plain []byte, size int) []byte {
	n := size - len(plain)%size
	return append(slices.Clone(plain), slices.Repeat([]byte{byte(n)}, n)...)
}

// encryptCBC needs a key and an iv of right length, and whole blocks.
func encryptCBC(key, iv, plain []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("make cipher: %v", err)) // only for a key of wrong length
	}
	sealed := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, plain)
	return sealed
}
