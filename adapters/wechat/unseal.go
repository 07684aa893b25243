package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const maxSealed = 64 << 10 // bytes; WeChat's data has some 400

// unseal decrypts (AES-128-CBC, PKCS #7) and decodes JSON. Every failure is domain.ErrDecryptionFailed: whoever could tell a
// bad padding from a bad text could read the data without the key. For the same reason the text is decoded whatever the
// padding is.
func unseal(key domain.SessionKey, data ports.EncryptedData, into any) error {
	plain, padded, ok := decrypt(key, data)
	if !ok {
		return domain.ErrDecryptionFailed
	}
	// Text that is no UTF-8 is what a changed block leaves behind; the decoder would overlook it.
	valid := utf8.Valid(plain)
	err := json.Unmarshal(plain, into)
	if !padded || !valid || err != nil {
		return domain.ErrDecryptionFailed
	}
	return nil
}

// decrypt returns the text without its padding, or with all of it when that is not as it must be. It is not ok when there is
// nothing to decrypt, which depends on nothing secret.
func decrypt(key domain.SessionKey, data ports.EncryptedData) (plain []byte, padded, ok bool) {
	if !isSessionKey(key.Reveal()) {
		return nil, false, false
	}
	secret, keyOK := decodeBase64(key.Reveal())
	iv, ivOK := decodeBase64(data.IV)
	sealed, sealedOK := decodeBase64(data.Data.Reveal())
	if !keyOK || !ivOK || !sealedOK || len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, false, false
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, false, false
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(sealed, sealed)
	length := paddingOf(sealed)
	return sealed[:len(sealed)-length], length > 0, true
}

// paddingOf returns the length of a sound padding, 1 to 16, else 0. It takes the same time for all blocks.
func paddingOf(plain []byte) int {
	last := plain[len(plain)-aes.BlockSize:]
	length := int(last[aes.BlockSize-1])
	good := subtle.ConstantTimeLessOrEq(1, length) & subtle.ConstantTimeLessOrEq(length, aes.BlockSize)
	for i, b := range last {
		within := subtle.ConstantTimeLessOrEq(aes.BlockSize, i+length)
		good &= subtle.ConstantTimeSelect(within, subtle.ConstantTimeByteEq(b, byte(length)), 1)
	}
	return subtle.ConstantTimeSelect(good, length, 0)
}

// decodeBase64 overlooks white space: clients break long lines, and change "\n" to blanks.
func decodeBase64(text string) ([]byte, bool) {
	if len(text) > 2*maxSealed {
		return nil, false
	}
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n\v\f", r) {
			return -1
		}
		return r
	}, text)
	bytes, err := base64.StdEncoding.DecodeString(text)
	return bytes, err == nil && len(bytes) <= maxSealed
}
