package wechatpush

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/menjin-id/menjin/domain"
)

const (
	keyLength  = 43 // of base64; the last character says two bits too much
	randomness = 16 // bytes before the message that mean nothing
	headLength = randomness + 4
	maxPadding = 32 // WeChat pads as if AES had blocks of 32 bytes
)

var (
	errAESKey     = errors.New("the EncodingAESKey is not 43 characters of base64")
	errUnreadable = errors.New("the encrypted message cannot be read")
)

// box opens the encrypted messages of a mini-program.
type box struct {
	block cipher.Block
	iv    []byte
	app   domain.AppID
}

func newBox(app domain.AppID, key domain.Secret) (*box, error) {
	// Not the strict encoding: WeChat gives out keys whose last character has bits that are of no use.
	raw, err := base64.StdEncoding.DecodeString(key.Reveal() + "=")
	if err != nil || len(key.Reveal()) != keyLength || len(raw) != 32 {
		return nil, errAESKey // and not the cause, which would quote the key
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	return &box{block, raw[:aes.BlockSize], app}, nil
}

// open returns the message. Whatever is wrong is errUnreadable, and found out after the same work: neither the padding, nor the
// length, nor for whom the message was tells itself apart.
func (b *box) open(encrypted string) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(text) < maxPadding || len(text)%aes.BlockSize != 0 {
		return nil, errUnreadable
	}
	cipher.NewCBCDecrypter(b.block, b.iv).CryptBlocks(text, text)
	content, padded := unpad(text)
	message, addressed := b.unpack(content)
	if padded&addressed != 1 {
		return nil, errUnreadable
	}
	return message, nil
}

// unpad returns the text without its padding, or the whole text and 0. It looks at the same bytes either way.
func unpad(text []byte) (content []byte, ok int) {
	length := int(text[len(text)-1])
	ok = subtle.ConstantTimeLessOrEq(1, length) & subtle.ConstantTimeLessOrEq(length, maxPadding)
	for i := 1; i <= maxPadding; i++ {
		inside := subtle.ConstantTimeLessOrEq(i, length)
		same := subtle.ConstantTimeByteEq(text[len(text)-i], byte(length))
		ok &= subtle.ConstantTimeSelect(inside, same, 1)
	}
	return text[:len(text)-subtle.ConstantTimeSelect(ok, length, 0)], ok
}

// unpack returns the message between its length and the mini-program it is for.
func (b *box) unpack(content []byte) (message []byte, ok int) {
	if len(content) < headLength {
		return nil, 0
	}
	length := uint64(binary.BigEndian.Uint32(content[randomness:headLength]))
	rest := content[headLength:]
	if length > uint64(len(rest)) {
		return nil, 0
	}
	return rest[:length], subtle.ConstantTimeCompare(rest[length:], []byte(b.app))
}
